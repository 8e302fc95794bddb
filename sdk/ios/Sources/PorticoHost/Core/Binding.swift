// The judging core of the bridge: what one instance (a WKWebView) of one client may say and hears. It is the
// `bind` of static/bridge/host.js in Swift, held to sdk/vectors/host.json, and knows nothing of a web view.
import Foundation

/// Who sent a text: all three must be right, for each message. `reply` answers this one text, in the document that
/// sent it; `tell` says anything later.
public struct Sender {
    let instance: Bool
    let mainFrame: Bool
    let origin: String
    let reply: @MainActor (String) -> Void
    let tell: @MainActor (String) -> Void

    public init(
        instance: Bool, mainFrame: Bool, origin: String, reply: @escaping @MainActor (String) -> Void,
        tell: @escaping @MainActor (String) -> Void
    ) {
        self.instance = instance
        self.mainFrame = mainFrame
        self.origin = origin
        self.reply = reply
        self.tell = tell
    }
}

/// The right to call is the instance's, the client's, the sender's origin's and the main frame's together, for each
/// message. `addressed` says whether an answer reaches the document that asked and no other.
@MainActor
final class Binding {
    private final class Running {
        let id: Int
        let answer: @MainActor ([String: JSON]) -> Void
        var call: Call?
        var stopTimer: @MainActor () -> Void = {}

        init(id: Int, answer: @escaping @MainActor ([String: JSON]) -> Void) {
            self.id = id
            self.answer = answer
        }
    }

    private static let maxMs = 300_000
    private static let maxCalls = 32
    private static let maxDocuments = 256

    private let clientId: String
    private let origins: [String]
    private let methods: [String]
    private var sid: String?
    private var locked: Bool
    private var context: [String: JSON]
    private let addressed: Bool
    private let world: World
    private let called: @MainActor (Call) -> Void

    private var seen: [String] = []
    private var pending: [Running] = []
    private var pageNonce: String?
    private var hostNonce: String?
    private var lastId = 0
    private var tellDocument: @MainActor (String) -> Void = { _ in }

    init(
        clientId: String, origins: [String], methods: [String], sid: String?, locked: Bool, context: [String: JSON],
        addressed: Bool, world: World, called: @escaping @MainActor (Call) -> Void
    ) {
        self.clientId = clientId
        self.origins = origins
        self.methods = methods
        self.sid = sid
        self.locked = locked
        self.context = context
        self.addressed = addressed
        self.world = world
        self.called = called
    }

    /// Judges a text that somebody sent.
    func receive(_ sender: Sender, _ text: String) {
        guard sender.instance, sender.mainFrame, let message = Message(text) else { return }
        let refused = !origins.contains(sender.origin)
        switch message {
        case .hello(let page, let client):
            hello(sender, page, client, refused)
        case .cancel(let page, let host, let id):
            guard !refused, isOfDocument(page, host) else { return }
            for running in pending where running.id == id { end(running, nil) }
        case .call(let asked):
            guard !refused, isOfDocument(asked.pageNonce, asked.hostNonce), asked.id > lastId else { return }
            lastId = asked.id
            run(asked, sender.reply)
        }
    }

    /// Forgets the document: whoever comes next in this instance gets nothing that it asked for.
    func retire() {
        for running in pending { end(running, nil) }
        pageNonce = nil
    }

    func event(_ name: String, _ data: [String: JSON] = [:]) {
        tell(["type": "event", "name": .string(name), "data": .object(data)], tellDocument)
    }

    /// Which stay the exchange said it is: the next document is welcomed to it.
    func at(_ now: String) { sid = now }

    func lock(_ reason: String) {
        guard !locked else { return }
        locked = true
        for running in pending { end(running, ["error": "locked"]) }
        event("session_expired", ["reason": .string(reason)])
    }

    /// The same person is signed in again, with what the program's `sid` is now.
    func unlock(_ now: String?) {
        sid = now
        locked = false
        welcome(tellDocument)
        event("unlocked")
    }

    func context(_ now: [String: JSON]) {
        context = now
        event("context_changed", context)
    }

    private func isOfDocument(_ page: String, _ host: String) -> Bool { page == pageNonce && host == hostNonce }

    private func say(_ members: [String: JSON], _ to: @MainActor (String) -> Void) {
        to(JSON.object(members.merging(["portico": 1]) { _, last in last }).text)
    }

    private func tell(_ members: [String: JSON], _ to: @MainActor (String) -> Void) {
        guard let pageNonce, let hostNonce else { return }
        say(members.merging(["page_nonce": .string(pageNonce), "host_nonce": .string(hostNonce)]) { _, last in last }, to)
    }

    private func welcome(_ to: @MainActor (String) -> Void) {
        hostNonce = world.nonce()
        let members: [String: JSON] = [
            "type": "welcome", "client_id": .string(clientId), "sid": sid.map(JSON.string) ?? .null,
            "methods": .array(methods.map(JSON.string)), "locked": .bool(locked), "context": .object(context),
        ]
        tell(members, to)
    }

    private func hello(_ sender: Sender, _ page: String, _ client: String, _ refused: Bool) {
        // The document is another one, wherever it came from: what the former one asked for is void.
        if refused { retire() }
        guard !refused, client == clientId else {
            return say(["type": "refused", "page_nonce": .string(page), "error": "origin_not_allowed"], sender.reply)
        }
        guard !seen.contains(page) else { return }
        seen.append(page)
        if seen.count > Binding.maxDocuments { seen.removeFirst() }
        retire()
        pageNonce = page
        tellDocument = sender.tell
        lastId = 0
        welcome(sender.reply)
    }

    private func refusal(_ method: String, _ params: [String: JSON]) -> String? {
        if locked { return "locked" }
        if !methods.contains(method) { return "unsupported_method" }
        // What answers cannot be addressed to the document that asked must be useless to any other.
        if !addressed && method == "token" && !isGiven(params["dpop_jkt"]) { return "unsupported_method" }
        if !addressed && method == "login" && !isGiven(params["code_challenge"]) { return "invalid_request" }
        return pending.count < Binding.maxCalls ? nil : Refusal.unavailable
    }

    private func isGiven(_ value: JSON?) -> Bool { value?.string.map { !$0.isEmpty } ?? false }

    private func run(_ asked: Message.Asked, _ reply: @escaping @MainActor (String) -> Void) {
        let from: [String: JSON] = [
            "type": "result", "page_nonce": .string(asked.pageNonce), "host_nonce": .string(asked.hostNonce),
            "id": .number(Double(asked.id)),
        ]
        let running = Running(id: asked.id) { [weak self] how in
            self?.say(from.merging(how) { _, last in last }, reply)
        }
        if let error = refusal(asked.method, asked.params) { return running.answer(["error": .string(error)]) }
        let call = Call(asked.method, asked.params) { [weak self] how in
            switch how {
            case .success(let result): self?.end(running, Binding.members(of: result))
            case .failure(let failure): self?.end(running, Binding.members(of: Refusal.of(failure)))
            }
        }
        running.call = call
        let ms = min(asked.timeoutMs ?? Binding.maxMs, Binding.maxMs)
        running.stopTimer = world.later(ms) { [weak self] in
            self?.end(running, ["error": .string(Refusal.unavailable)])
        }
        pending.append(running)
        called(call)
    }

    private static func members(of result: [String: JSON]) -> [String: JSON] {
        // What stands around it is shorter than a kilobyte.
        let fits = Message.fits(JSON.object(result).text + String(repeating: " ", count: 1000))
        return fits ? ["result": .object(result)] : ["error": "server_error"]
    }

    private static func members(of refusal: Refusal) -> [String: JSON] {
        var members: [String: JSON] = ["error": .string(refusal.error)]
        if let description = refusal.description { members["error_description"] = .string(String(description.prefix(500))) }
        return members
    }

    // By itself, not by its id: a new document counts from 1 again.
    private func end(_ running: Running, _ how: [String: JSON]?) {
        guard let at = pending.firstIndex(where: { $0 === running }) else { return }
        pending.remove(at: at)
        running.stopTimer()
        running.call?.abort()
        if let how { running.answer(how) }
    }
}
