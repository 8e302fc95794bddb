// One program that is open: its binding, whether it is covered, locked, in front.
import Foundation

/// A launch or an entry that no program may be opened with.
public struct NotAllowed: Error, Equatable {
    public let reason: String
}

/// What the host knows of a program, from `mini_programs_endpoint` or the answer of an exchange.
public struct Launch {
    public let clientId: String
    public let clientName: String
    public let entryUri: URL
    public let origins: [String]
    /// From its last launch in this session; nil where there was none, and its page begins anew.
    public let sid: String?
    public let entry: Entry
    /// The program that opened this one, as the host knows it. Never what a page says of itself.
    public let from: String?
    /// `token` for programs without a backend.
    public let methods: [String]
    /// For a program that knows only redirects: it signs in silently by the first load of its view.
    public let ticket: WebTicket?

    public init(
        clientId: String, entryUri: String, origins: [String], clientName: String = "", sid: String? = nil,
        entry: Entry = Entry(), from: String? = nil, methods: [String] = ["login", "request", "context", "logout"],
        ticket: WebTicket? = nil
    ) throws {
        // What a program may be opened with is http(s): never a file, never a script.
        guard let uri = URL(string: entryUri), let origin = originOf(entryUri), origins.contains(origin),
            origins.allSatisfy({ originOf($0) == $0 })
        else { throw NotAllowed(reason: "entry_uri and origins do not fit") }
        self.clientId = clientId
        self.clientName = clientName
        self.entryUri = uri
        self.origins = origins
        self.sid = sid
        self.entry = entry
        self.from = from
        self.methods = methods
        self.ticket = ticket
    }

    /// Whether its view may go there: to the program's own pages, and through Portico where it signs in by redirects.
    public func allows(_ uri: String) -> Bool {
        guard let origin = originOf(uri) else { return false }
        return origins.contains(origin) || (ticket != nil && origin == originOf(ticket!.endpoint.absoluteString))
    }
}

/// A ticket of an exchange, with the host's own verifier, and where it is handed in (`web_ticket_endpoint`).
public struct WebTicket {
    public let endpoint: URL
    let form: Data

    public init(endpoint: String, ticket: String, codeVerifier: String) throws {
        guard originOf(endpoint) != nil, let uri = URL(string: endpoint) else { throw NotAllowed(reason: "no address") }
        self.endpoint = uri
        form = formOf(["ticket": ticket, "code_verifier": codeVerifier])
    }
}

/// Where to begin: of a deep link a program gets the path and the parameters, and nothing else. They go to the page
/// over the bridge; the address that is loaded is always the registered one.
public struct Entry: Equatable {
    public let path: String
    public let params: [String: String]

    public init() {
        path = "/"
        params = [:]
    }

    public init(path: String, params: [String: String] = [:]) throws {
        // Whatever follows, it stays a path: `//evil.example` and its disguises are addresses.
        let bytes = Array(path.utf8)
        guard bytes.first == 47, bytes.count < 2 || bytes[1] != 47, !bytes.contains(where: { [9, 10, 13, 92].contains($0) }) else {
            throw NotAllowed(reason: "no path")
        }
        self.path = path
        self.params = params
    }

    /// The entry of a universal link such as `https://nova.example/open/CLIENT_ID/orders?id=7`: what stands after the
    /// client's id, and its query. The fragment and everything else of the link is left behind.
    public init(link rest: String) throws {
        // As links are written: what Swift takes for one character could hide a `#` or `?` otherwise.
        guard rest.utf8.allSatisfy({ $0 < 128 }) else { throw NotAllowed(reason: "no link") }
        let bare = rest.prefix { $0 != "#" }
        let path = String(bare.prefix { $0 != "?" })
        let query = bare.dropFirst(path.count).dropFirst()
        var params: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let name = pair.prefix { $0 != "=" }
            guard let key = Entry.decoded(name), let value = Entry.decoded(pair.dropFirst(name.count).dropFirst()) else {
                throw NotAllowed(reason: "no parameter")
            }
            params[key] = value
        }
        try self.init(path: path.isEmpty ? "/" : path, params: params)
    }

    private static func decoded(_ text: Substring) -> String? {
        text.replacingOccurrences(of: "+", with: " ").removingPercentEncoding
    }
}

/// The origin of an http or https address as browsers write it, or nil.
public func originOf(_ uri: String) -> String? {
    let pattern = "^(https?)://([a-z0-9.-]+|\\[[0-9a-f:.]+\\])(?::([0-9]{1,5}))?(?=[/?#]|$)"
    guard let match = try? NSRegularExpression(pattern: pattern).firstMatch(in: uri, range: NSRange(uri.startIndex..., in: uri)) else {
        return nil
    }
    func part(_ index: Int) -> String { Range(match.range(at: index), in: uri).map { String(uri[$0]) } ?? "" }
    let (scheme, host, port) = (part(1), part(2), part(3))
    if scheme == "http" && !["localhost", "127.0.0.1", "[::1]"].contains(host) { return nil }
    let isDefault = port.isEmpty || port == (scheme == "https" ? "443" : "80")
    return "\(scheme)://\(host)\(isDefault ? "" : ":\(port)")"
}

/// A form (HTML, `application/x-www-form-urlencoded`).
func formOf(_ members: [String: String]) -> Data {
    let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    func encoded(_ text: String) -> String { text.addingPercentEncoding(withAllowedCharacters: plain) ?? "" }
    return Data(members.map { "\(encoded($0.key))=\(encoded($0.value))" }.joined(separator: "&").utf8)
}

/// What is drawn of one program. The phone's own part is `ProgramView`.
@MainActor
public protocol Screen: AnyObject {
    /// `hidden`: nothing of the page is seen or touched, and `reason` says why. `inert`: seen, not touched.
    func paint(hidden: Bool, inert: Bool, reason: String?)

    /// In front of all others, or out of sight.
    func show(front: Bool)

    /// Goes one step back inside of the page, if there is one.
    func goBack() -> Bool

    func destroy()
}

@MainActor
public final class Program {
    public let launch: Launch
    public var clientId: String { launch.clientId }
    /// Why it is locked; nil while it is not.
    public private(set) var lockedBecause: String?

    var isCovered = false
    private unowned let host: Host
    private var screen: Screen?
    private var binding: Binding?

    init(_ launch: Launch, host: Host) {
        self.launch = launch
        self.host = host
        binding = Binding(
            clientId: launch.clientId, origins: launch.origins, methods: launch.methods, sid: launch.sid, locked: false,
            context: context(), addressed: true, world: host.world
        ) { [weak self] call in self?.called(call) }
    }

    func appear(on screen: Screen) {
        self.screen = screen
        paint()
    }

    /// Judges what arrived in this program's view.
    public func receive(_ sender: Sender, _ text: String) {
        host.tick()
        binding?.receive(sender, text)
    }

    /// Its document is gone.
    public func retire() { binding?.retire() }

    public func show() { host.show(self) }

    public func close() { host.close(self) }

    func context() -> [String: JSON] {
        let own: [String: JSON] = [
            "path": .string(launch.entry.path), "params": .object(launch.entry.params.mapValues(JSON.string)),
            "from": launch.from.map(JSON.string) ?? .null,
        ]
        return host.context.merging(own) { _, last in last }
    }

    func paint() {
        screen?.paint(hidden: lockedBecause != nil || isCovered, inert: host.isSheetUp, reason: lockedBecause)
    }

    /// Drawn first, then told: the lock does not wait for the page.
    func lock(_ reason: String) {
        guard lockedBecause == nil else { return }
        lockedBecause = reason
        paint()
        binding?.lock(reason)
    }

    func unlock(_ sid: String) {
        lockedBecause = nil
        isCovered = false
        binding?.unlock(sid)
        paint()
    }

    func contextChanged() { binding?.context(context()) }

    func event(_ name: String, _ data: [String: JSON] = [:]) { binding?.event(name, data) }

    func bringForward(_ front: Bool) {
        screen?.show(front: front)
        event(front ? "shown" : "hidden")
    }

    func goBack() -> Bool { lockedBecause == nil && !isCovered && (screen?.goBack() ?? false) }

    func end() {
        binding?.retire()
        screen?.destroy()
        screen = nil
    }

    private func called(_ call: Call) {
        if call.method == "context" { call.answer(context()) } else { ask(call, again: true) }
    }

    private func ask(_ call: Call, again: Bool) {
        guard !call.isAborted else { return }
        let asked = Call(call.method, call.params) { [weak self] how in
            switch how {
            case .success(var result):
                // The stay is between the host and the page's own session; it comes with the next welcome.
                if let sid = result.removeValue(forKey: "sid")?.string { self?.binding?.at(sid) }
                call.answer(result)
            case .failure(let failure):
                self?.refused(call, failure, again)
            }
        }
        call.onAbort { asked.abort() }
        host.app.call(self, asked)
    }

    private func refused(_ call: Call, _ failure: Error, _ again: Bool) {
        guard again, !call.isAborted, let refusal = failure as? Refusal, refusal.error == "consent_required",
            let uri = refusal.interactionUri.flatMap(URL.init(string:))
        else { return call.fail(failure) }
        // Nobody answers for a program that they do not see.
        guard host.inFront === self else { return call.fail(Refusal("interaction_required")) }
        let isShown = host.sheet(uri, refusal.interaction) { [weak self] result in
            if ["allowed", "partial", "denied"].contains(result) {
                self?.ask(call, again: false)
            } else {
                call.fail(Refusal("access_denied"))
            }
        }
        if !isShown { call.fail(Refusal(Refusal.unavailable)) }
    }
}
