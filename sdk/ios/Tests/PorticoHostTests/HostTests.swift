// A host with fake views: the lock, the cover, the time, the sheet, the way back.
import Foundation
import XCTest

@testable import PorticoHost

@MainActor
private final class TestScreen: Screen {
    var hidden = false
    var inert = false
    var reason: String?
    var front = false
    var pages = 0
    var destroyed = false

    func paint(hidden: Bool, inert: Bool, reason: String?) {
        self.hidden = hidden
        self.inert = inert
        self.reason = reason
    }

    func show(front: Bool) { self.front = front }

    func goBack() -> Bool {
        pages -= 1
        return pages >= 0
    }

    func destroy() { destroyed = true }
}

@MainActor
private final class TestStream: HostStream {
    var said: [String] = []

    func check() { said.append("check") }
    func pause() { said.append("pause") }
    func close() { said.append("close") }
}

/// A host of Ada's, and what everybody saw.
@MainActor
private final class Nova: HostApp, Stage {
    let world = TestWorld()
    var screens: [String: TestScreen] = [:]
    var heard: [String: [[String: JSON]]] = [:]
    var calls: [Call] = []
    var streams: [TestStream] = []
    var forgotten: [String] = []
    var sheet: (@MainActor (String) -> Void)?
    private(set) lazy var host = Host(
        account: "ada", app: self, stage: self, world: world, theme: ["color_scheme": "light"], locale: "en"
    ) { [unowned self] _ in
        let stream = TestStream()
        streams.append(stream)
        return stream
    }

    func screen(_ program: Program) -> Screen {
        let screen = TestScreen()
        screens[program.clientId] = screen
        return screen
    }

    func sheet(_ uri: URL, _ interaction: String?, done: @escaping @MainActor (String) -> Void) -> @MainActor () -> Void {
        sheet = done
        return { [weak self] in self?.sheet = nil }
    }

    func forget(_ account: String) { forgotten.append(account) }

    func call(_ program: Program, _ call: Call) { calls.append(call) }

    func open(_ id: String, entry: Entry = Entry(), sid: String? = "first") throws -> Program {
        let launch = try Launch(
            clientId: id, entryUri: "https://\(id).example/open", origins: ["https://\(id).example"], sid: sid, entry: entry)
        return try host.open(launch)
    }

    /// A document of the program says hello, and keeps what it hears.
    @discardableResult
    func hello(_ program: Program, page: String = "a-document-of-the-program") -> [String: JSON] {
        say(program, ["type": "hello", "page_nonce": .string(page), "client_id": .string(program.clientId)])
        return last(program.clientId)
    }

    func say(_ program: Program, _ members: [String: JSON]) {
        let id = program.clientId
        let hear: @MainActor (String) -> Void = { [weak self] in self?.heard[id, default: []].append(JSON(text: $0)?.object ?? [:]) }
        let sender = Sender(instance: true, mainFrame: true, origin: "https://\(id).example", reply: hear, tell: hear)
        program.receive(sender, JSON.object(members.merging(["portico": 1]) { own, _ in own }).text)
    }

    func call(_ program: Program, _ welcome: [String: JSON], _ method: String, id: Int = 1, params: [String: JSON] = [:]) throws {
        say(
            program,
            [
                "type": "call", "page_nonce": try XCTUnwrap(welcome["page_nonce"]), "host_nonce": try XCTUnwrap(welcome["host_nonce"]),
                "id": .number(Double(id)), "method": .string(method), "params": .object(params),
            ])
    }

    func last(_ id: String) -> [String: JSON] { heard[id]?.last ?? [:] }

    func ready(_ left: Double) { host.hear("ready", ["at": 5_000, "session_expires_at": .number(5_000 + left)]) }
}

@MainActor
final class HostTests: XCTestCase {
    private let undecided = Refusal("consent_required", interactionUri: "https://id.example/interaction?sheet=secret", interaction: "i-1")

    func testTheEndOfTheSessionLocksEveryProgram() throws {
        let nova = Nova()
        let (market, pay) = (try nova.open("market"), try nova.open("pay"))
        let welcome = nova.hello(market)
        nova.hello(pay)
        try nova.call(market, welcome, "login")
        nova.host.hear("session_ended", ["reason": "logout"])
        for id in ["market", "pay"] {
            XCTAssertEqual(nova.screens[id]?.hidden, true)
            XCTAssertEqual(nova.screens[id]?.reason, "logout")
            XCTAssertEqual(nova.last(id)["data"], ["reason": "logout"])
        }
        XCTAssertEqual(nova.heard["market"]?.first { $0["type"] == "result" }?["error"], "locked")
        XCTAssertThrowsError(try nova.open("late"))
    }

    func testTheEndOfOneProgramLocksThatOneAlone() throws {
        let nova = Nova()
        _ = (try nova.open("market"), try nova.open("pay"))
        nova.host.hear("session_ended", ["reason": "left", "client_id": "market"])
        XCTAssertEqual(nova.screens["market"]?.hidden, true)
        XCTAssertEqual(nova.screens["pay"]?.hidden, false)
    }

    func testTheSamePersonGoesOnUnderTheNewSidAndOthersFindNothing() throws {
        let nova = Nova()
        nova.hello(try nova.open("market"))
        _ = try nova.open("pay")
        nova.host.hear("session_expired", [:])
        nova.host.signedIn(sids: ["market": "second"])
        XCTAssertEqual(nova.heard["market"]?.last { $0["type"] == "welcome" }?["sid"], "second")
        XCTAssertEqual(nova.screens["market"]?.hidden, false)
        XCTAssertEqual(nova.screens["pay"]?.destroyed, true)
        nova.host.hear("user_changed", [:])
        XCTAssertEqual(nova.screens["market"]?.destroyed, true)
        XCTAssertEqual(nova.forgotten, ["ada"])
    }

    func testTheSessionsTimeLocksWithoutANetworkAndAfterThePhoneSlept() throws {
        let nova = Nova()
        let market = try nova.open("market")
        let welcome = nova.hello(market)
        nova.ready(60_000)
        nova.world.pass(59_999)
        XCTAssertEqual(nova.screens["market"]?.hidden, false)
        nova.world.sleep(1)
        try nova.call(market, welcome, "context")
        XCTAssertEqual(nova.last("market")["error"], "locked")
        XCTAssertEqual(nova.screens["market"]?.reason, "expired")
    }

    func testAfter30SecondsInTheBackgroundProgramsAreCoveredUntilReadyOrAnEnd() throws {
        let nova = Nova()
        _ = try nova.open("market")
        nova.host.background()
        nova.world.pass(29_999)
        nova.host.foreground()
        XCTAssertEqual(nova.screens["market"]?.hidden, false)
        nova.host.background()
        nova.world.sleep(30_000)
        nova.host.foreground()
        XCTAssertEqual(nova.screens["market"]?.hidden, true)
        XCTAssertEqual(nova.streams[0].said, ["check"])
        nova.ready(60_000)
        XCTAssertEqual(nova.screens["market"]?.hidden, false)
        nova.host.background()
        nova.world.pass(30_000)
        XCTAssertEqual(nova.streams[0].said, ["check", "pause"])
        nova.host.wake()
        nova.ready(60_000)
        XCTAssertEqual(nova.screens["market"]?.hidden, true, "it is uncovered while nobody looks")
        nova.host.foreground()
        nova.host.hear("session_ended", ["reason": "logout"])
        nova.ready(60_000)
        XCTAssertEqual(nova.screens["market"]?.reason, "logout", "a late ready lifts a lock")
    }

    func testBackTakesAStepInsideOfThePageThenTheProgramAndShowsTheOneBelow() throws {
        let nova = Nova()
        _ = try nova.open("market")
        let pay = try nova.open("pay")
        nova.screens["pay"]?.pages = 1
        XCTAssertTrue(nova.host.back())
        XCTAssertTrue(nova.host.inFront === pay)
        XCTAssertTrue(nova.host.back())
        XCTAssertEqual(nova.screens["market"]?.front, true)
        XCTAssertTrue(nova.host.back())
        XCTAssertFalse(nova.host.back())
    }

    func testWhatIsUndecidedRaisesTheSheetAndIsAskedOnceMore() throws {
        let nova = Nova()
        let market = try nova.open("market")
        let welcome = nova.hello(market)
        try nova.call(market, welcome, "request", params: ["scope": "phone"])
        nova.calls[0].fail(undecided)
        XCTAssertEqual(nova.screens["market"]?.inert, true)
        nova.sheet?("allowed")
        XCTAssertEqual(nova.screens["market"]?.inert, false)
        nova.calls[1].answer(["scope": "openid phone"])
        XCTAssertEqual(nova.last("market")["result"], ["scope": "openid phone"])
        XCTAssertFalse(JSON.array(nova.heard["market", default: []].map(JSON.object)).text.contains("secret"))
        try nova.call(market, welcome, "request", id: 2)
        nova.calls[2].fail(undecided)
        XCTAssertTrue(nova.host.back(), "back closes the sheet")
        XCTAssertEqual(nova.last("market")["error"], "access_denied")
        _ = try nova.open("pay")
        try nova.call(market, welcome, "request", id: 3)
        nova.calls[3].fail(undecided)
        XCTAssertEqual(nova.last("market")["error"], "interaction_required", "nobody is asked for what they do not see")
    }

    func testTheSidOfAnExchangeStaysHereAndTheContextOfTheLaunchGoesToThePage() throws {
        let nova = Nova()
        let market = try nova.open("market", entry: try Entry(link: "/orders?id=7#access_token=t"), sid: nil)
        let welcome = nova.hello(market)
        XCTAssertEqual(welcome["context"]?.object?["path"], "/orders")
        XCTAssertEqual(welcome["context"]?.object?["params"], ["id": "7"])
        try nova.call(market, welcome, "login")
        nova.calls[0].answer(["code": "c", "sid": "first"])
        XCTAssertEqual(nova.last("market")["result"], ["code": "c"])
        XCTAssertEqual(nova.hello(market, page: "another-document-of-market")["sid"], "first")
        nova.host.setContext(theme: ["color_scheme": "dark"], locale: "de")
        XCTAssertEqual(nova.last("market")["data"]?.object?["theme"], ["color_scheme": "dark"])
    }

    func testWhatIsNoPathNoOriginNoAddressOfTheProgramIsNotOpened() {
        for path in ["", "open", "//evil.example", "/\\evil.example", "/a\\b", "/a\tb", "/\n", "https://evil.example"] {
            XCTAssertThrowsError(try Entry(path: path), path)
        }
        let origin = "https://market.example"
        for entry in [
            "http://market.example/", "\(origin).evil.example/", "\(origin)@evil.example/", "file:///x", "\(origin):8443/",
            "HTTPS://MARKET.EXAMPLE/",
        ] {
            XCTAssertThrowsError(try Launch(clientId: "market", entryUri: entry, origins: [origin]), entry)
        }
        for other in ["https://*", "*", "\(origin)/", "http://market.example", "null"] {
            XCTAssertThrowsError(try Launch(clientId: "market", entryUri: "\(origin)/open", origins: [origin, other]), other)
        }
    }
}

final class StreamTests: XCTestCase {
    func testEventsAreReadWhateverTheEndsOfLines() throws {
        let text = ": hello\r\n\r\nevent: ready\r\nid: 1\r\ndata: {\"at\":1}\r\n\r\nid: 2\n\nretry: 1500\revent:x\rdata: a\rdata:b\r\r"
        var reader = EventReader()
        var events: [StreamEvent] = []
        for byte in text.utf8 { if let event = try reader.read(byte) { events.append(event) } }
        let should = [
            StreamEvent(name: "ready", data: "{\"at\":1}", id: "1"), StreamEvent(name: nil, data: nil, id: "2"),
            StreamEvent(name: "x", data: "a\nb", id: nil),
        ]
        XCTAssertEqual(events, should)
        XCTAssertEqual(reader.retryMs, 1500)
    }

    func testALineWithoutEndIsNotKept() {
        var reader = EventReader()
        XCTAssertThrowsError(try (0..<70_000).forEach { _ in _ = try reader.read(120) })
    }
}
