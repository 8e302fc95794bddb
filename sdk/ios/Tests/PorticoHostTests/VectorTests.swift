// The core is held to sdk/vectors: every message and every story of the host side.
import Foundation
import XCTest

@testable import PorticoHost

/// A file of vectors, with its values in their places.
func vectors(_ name: String) throws -> [String: JSON] {
    // sdk/ios/Tests/PorticoHostTests/VectorTests.swift stands four folders below sdk.
    var folder = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { folder.deleteLastPathComponent() }
    let text = try String(contentsOf: folder.appendingPathComponent("vectors/\(name).json"), encoding: .utf8)
    let whole = try XCTUnwrap(JSON(text: text)?.object)
    return try XCTUnwrap(filled(.object(whole), whole["values"]?.object ?? [:]).object)
}

private func filled(_ value: JSON, _ values: [String: JSON]) -> JSON {
    switch value {
    case .string(let text): return values[text] ?? value
    case .array(let items): return .array(items.map { filled($0, values) })
    case .object(let members):
        if case .array(let repeated)? = members["$repeat"], let text = repeated[0].string, let times = repeated[1].number {
            let long = String(repeating: text, count: Int(times))
            return .string("\(members["before"]?.string ?? "")\(long)\(members["after"]?.string ?? "")")
        }
        return .object(members.reduce(into: [:]) { $0[$1.key] = $1.key == "values" ? $1.value : filled($1.value, values) })
    default: return value
    }
}

/// A file of vectors has another form than this test knows.
struct NoVector: Error {}

func list(_ value: JSON?) throws -> [[String: JSON]] {
    guard case .array(let items)? = value else { throw NoVector() }
    return try items.map { try XCTUnwrap($0.object) }
}

/// Time that goes on when the test says so.
@MainActor
final class TestWorld: World {
    private final class Timer {
        let at: Int
        let action: @MainActor () -> Void

        init(at: Int, action: @escaping @MainActor () -> Void) {
            self.at = at
            self.action = action
        }
    }

    private let nonces: (Int) -> String
    private var timers: [Timer] = []
    private var time = 1_000_000
    private var drawn = 0

    init(nonces: @escaping (Int) -> String = { "nonce-of-the-test-" + String(format: "%06d", $0) }) { self.nonces = nonces }

    func now() -> Int { time }

    func later(_ ms: Int, _ action: @escaping @MainActor () -> Void) -> @MainActor () -> Void {
        let timer = Timer(at: time + ms, action: action)
        timers.append(timer)
        return { [weak self] in self?.timers.removeAll { $0 === timer } }
    }

    func nonce() -> String {
        drawn += 1
        return nonces(drawn)
    }

    func pass(_ ms: Int) {
        let until = time + ms
        while let next = timers.filter({ $0.at <= until }).min(by: { $0.at < $1.at }) {
            timers.removeAll { $0 === next }
            time = max(time, next.at)
            next.action()
        }
        time = until
    }

    /// The phone sleeps: time passes and no timer runs.
    func sleep(_ ms: Int) { time += ms }
}

/// A binding, what it sent and whom it called.
@MainActor
private final class Story {
    private let right: [String: JSON]
    private var sent: [JSON] = []
    private var called: [Call] = []
    private var running: [Call] = []
    private var binding: Binding?

    init(_ program: [String: JSON], right: [String: JSON], values: [String: JSON]) throws {
        self.right = right
        func texts(_ name: String) throws -> [String] {
            guard case .array(let items)? = program[name] else { throw NoVector() }
            return items.compactMap(\.string)
        }
        binding = Binding(
            clientId: try XCTUnwrap(program["client_id"]?.string), origins: try texts("origins"), methods: try texts("methods"),
            sid: program["sid"]?.string, locked: program["locked"] == .bool(true),
            context: try XCTUnwrap(program["context"]?.object), addressed: program["addressed"] == .bool(true),
            world: TestWorld { values["$host\($0)"]?.string ?? "no nonce" }
        ) { [weak self] call in
            self?.called.append(call)
            self?.running.append(call)
        }
    }

    func play(_ steps: [[String: JSON]]) throws {
        for (index, step) in steps.enumerated() { try takes(step, "step \(index)") }
        isQuiet("at the end")
    }

    private func takes(_ step: [String: JSON], _ where_: String) throws {
        if let should = step["sent"] {
            XCTAssertEqual(sent.isEmpty ? nil : sent.removeFirst(), should, where_)
        } else if let should = step["called"] {
            let call = called.isEmpty ? nil : called.removeFirst()
            XCTAssertEqual(call.map { JSON.object(["method": .string($0.method), "params": .object($0.params)]) }, should, where_)
        } else if let which = step["aborted"]?.number {
            XCTAssertTrue(running[Int(which) - 1].isAborted, where_)
        } else if let how = step["answer"]?.object {
            answers(how)
        } else {
            isQuiet(where_)
            try acts(step)
        }
    }

    private func acts(_ step: [String: JSON]) throws {
        let binding = try XCTUnwrap(binding)
        switch step["do"]?.string {
        case nil:
            let from = step["sender"]?.object ?? right
            let hear: @MainActor (String) -> Void = { [weak self] in self?.sent.append(JSON(text: $0) ?? .null) }
            let sender = Sender(
                instance: from["instance"] == .bool(true), mainFrame: from["main_frame"] == .bool(true),
                origin: from["origin"]?.string ?? "", reply: hear, tell: hear)
            binding.receive(sender, try XCTUnwrap(step["receive"]).text)
        case "lock": binding.lock(try XCTUnwrap(step["reason"]?.string))
        case "unlock": binding.unlock(step["sid"]?.string)
        case "context": binding.context(try XCTUnwrap(step["context"]?.object))
        case "event": binding.event(try XCTUnwrap(step["name"]?.string), try XCTUnwrap(step["data"]?.object))
        default: XCTFail("what is \(step)?")
        }
    }

    private func answers(_ how: [String: JSON]) {
        let call = running.removeFirst()
        if let result = how["result"]?.object {
            call.answer(result)
        } else if how["thrown"] != nil {
            call.fail(URLError(.cannotConnectToHost))
        } else {
            call.fail(
                Refusal(
                    how["error"]?.string ?? "", description: how["error_description"]?.string,
                    interactionUri: how["interaction_uri"]?.string))
        }
    }

    private func isQuiet(_ where_: String) {
        XCTAssertEqual(sent, [], "\(where_): what is sent that no step named")
        XCTAssertEqual(called.map(\.method), [], "\(where_): what is called that no step named")
    }
}

@MainActor
final class VectorTests: XCTestCase {
    func testEveryMessageOfAPageIsJudgedAsTheVectorsSay() throws {
        let messages = try list(try vectors("messages")["from_page"])
        XCTAssertGreaterThan(messages.count, 50)
        for vector in messages {
            let name = vector["name"]?.string ?? ""
            let isMessage = Message(try XCTUnwrap(vector["text"]?.string)) != nil
            XCTAssertEqual(JSON.bool(isMessage), vector["valid"], name)
        }
    }

    func testEveryStoryOfTheHostSideGoesAsTheVectorsSay() throws {
        let file = try vectors("host")
        let (right, values) = (try XCTUnwrap(file["sender"]?.object), try XCTUnwrap(file["values"]?.object))
        let stories = try list(file["vectors"])
        XCTAssertGreaterThan(stories.count, 30)
        for vector in stories {
            try XCTContext.runActivity(named: vector["name"]?.string ?? "") { _ in
                try Story(try XCTUnwrap(vector["program"]?.object), right: right, values: values).play(try list(vector["steps"]))
            }
        }
    }

    func testACallThatTakesTooLongIsGivenUpAndSaysSo() throws {
        let world = TestWorld()
        var sent: [[String: JSON]] = []
        var last: Call?
        let binding = Binding(
            clientId: "market", origins: ["https://market.example"], methods: ["login"], sid: nil, locked: false, context: [:],
            addressed: true, world: world
        ) { last = $0 }
        let hear: @MainActor (String) -> Void = { sent.append(JSON(text: $0)?.object ?? [:]) }
        let sender = Sender(instance: true, mainFrame: true, origin: "https://market.example", reply: hear, tell: hear)
        func receive(_ members: [String: JSON]) {
            let whole = members.merging(["portico": 1, "page_nonce": "AAAAAAAAAAAAAAAAAAAAAAAA"]) { own, _ in own }
            binding.receive(sender, JSON.object(whole).text)
        }
        receive(["type": "hello", "client_id": "market"])
        let call: [String: JSON] = ["type": "call", "host_nonce": try XCTUnwrap(sent.removeFirst()["host_nonce"]), "method": "login"]
        receive(call.merging(["id": 1, "timeout_ms": 2000]) { own, _ in own })
        world.pass(1999)
        XCTAssertTrue(sent.isEmpty)
        world.pass(1)
        XCTAssertEqual(sent.removeFirst()["error"], "temporarily_unavailable")
        XCTAssertEqual(last?.isAborted, true)
        receive(call.merging(["id": 2, "timeout_ms": .number(1e15)]) { own, _ in own })
        world.pass(300_000)
        XCTAssertEqual(sent.removeFirst()["error"], "temporarily_unavailable", "a page cannot wait for longer than five minutes")
    }

    func testNoncesAreDrawnAnew144BitsEach() {
        let drawn = Set((0..<100).map { _ in drawNonce() })
        XCTAssertEqual(drawn.count, 100)
        for nonce in drawn { XCTAssertNotNil(nonce.range(of: "^[A-Za-z0-9_-]{24}$", options: .regularExpression)) }
    }
}
