// A person's programs: the lock, the cover, the time, the sheet, the way back. What host.js is to a web page; one for
// each account that is signed in, with its own key and its own stream. It knows no view: those are behind `Stage` and
// `Screen`.
import Foundation

/// What the app does for its programs.
@MainActor
public protocol HostApp: AnyObject {
    /// Answers a call of a program: an exchange for `login`, `token` and `request`, the end of the session for `logout`.
    /// The `sid` of an exchange is put into the answer of `login`; it stays here.
    func call(_ program: Program, _ call: Call)

    /// Hears each event of the stream, after it took effect.
    func heard(_ name: String, _ data: [String: JSON])
}

extension HostApp {
    public func heard(_ name: String, _ data: [String: JSON]) {}
}

/// Where programs and the sheet are drawn; the phone's own is `HostViewController`.
@MainActor
public protocol Stage: AnyObject {
    func screen(_ program: Program) -> Screen

    /// Shows the consent sheet over everything; what comes back takes it away. `done` is called at most once.
    func sheet(_ uri: URL, _ interaction: String?, done: @escaping @MainActor (String) -> Void) -> @MainActor () -> Void

    /// Removes what the programs of this account have stored.
    func forget(_ account: String)
}

/// The stream of session events, as a host steers it; `SessionStream` reads Portico's.
@MainActor
public protocol HostStream: AnyObject {
    /// Asks for a fresh `ready`, after the phone may have slept.
    func check()

    /// Stops until `check`.
    func pause()

    func close()
}

@MainActor
public final class Host {
    public typealias Heard = @MainActor (String, [String: JSON]) -> Void

    private final class Sheet {
        let done: @MainActor (String) -> Void
        var takeAway: @MainActor () -> Void = {}

        init(done: @escaping @MainActor (String) -> Void) { self.done = done }
    }

    private static let awayMs = 30_000
    // One that names a program ends that alone.
    private static let ends = ["session_expired", "session_ended", "user_changed"]

    public let account: String
    public private(set) var programs: [Program] = []
    public var inFront: Program? { layers.last }
    public var isSheetUp: Bool { sheet != nil }

    let app: HostApp
    let world: World
    private(set) var context: [String: JSON]
    private let stage: Stage
    private let follow: @MainActor (@escaping Heard) -> HostStream
    private var layers: [Program] = []
    private var locked: String?
    private var sheet: Sheet?
    private var expiresAt: Int?
    private var stopExpiry: @MainActor () -> Void = {}
    private var awaySince: Int?
    private var stopAway: @MainActor () -> Void = {}
    private var stream: HostStream?

    public init(
        account: String, app: HostApp, stage: Stage, world: World, theme: [String: JSON], locale: String,
        follow: @escaping @MainActor (@escaping Heard) -> HostStream
    ) {
        self.account = account
        self.app = app
        self.stage = stage
        self.world = world
        self.context = ["theme": .object(theme), "locale": .string(locale)]
        self.follow = follow
        begin()
    }

    private func begin() {
        stream?.close()
        stream = follow { [weak self] name, data in self?.hear(name, data) }
    }

    /// Opens a program in a view of its own, which is never used for another one. Throws `locked` after the end of
    /// the session.
    @discardableResult
    public func open(_ launch: Launch) throws -> Program {
        tick()
        if locked != nil { throw Refusal("locked") }
        let program = Program(launch, host: self)
        program.appear(on: stage.screen(program))
        programs.append(program)
        show(program)
        return program
    }

    func show(_ program: Program) {
        guard inFront !== program, programs.contains(where: { $0 === program }) else { return }
        inFront?.bringForward(false)
        layers.removeAll { $0 === program }
        layers.append(program)
        program.bringForward(true)
    }

    /// Puts the program in front out of sight; it goes on, and `show` brings it back.
    public func hide() {
        guard let program = layers.popLast() else { return }
        program.bringForward(false)
        inFront?.bringForward(true)
    }

    func close(_ program: Program) {
        if inFront === program { hide() } else { layers.removeAll { $0 === program } }
        guard let at = programs.firstIndex(where: { $0 === program }) else { return }
        programs.remove(at: at)
        program.end()
    }

    /// A step back: the sheet, a step inside of the page, the program. False where nothing is left to take away.
    public func back() -> Bool {
        if let sheet {
            endSheet(sheet, "later")
        } else if let program = inFront {
            if !program.goBack() { hide() }
        } else {
            return false
        }
        return true
    }

    /// Theme and language, which open programs hear of.
    public func setContext(theme: [String: JSON], locale: String) {
        context = ["theme": .object(theme), "locale": .string(locale)]
        programs.forEach { $0.contextChanged() }
    }

    /// Locks all programs, or the one of that client.
    public func lock(_ reason: String, clientId: String? = nil) {
        if clientId == nil {
            locked = locked ?? reason
            stopExpiry()
        }
        if let sheet, clientId == nil || inFront?.clientId == clientId { endSheet(sheet, "ended") }
        for program in programs where clientId == nil || program.clientId == clientId { program.lock(reason) }
    }

    /// The same person is signed in again: a program goes on where `sids` has its new `sid`, others close.
    public func signedIn(sids: [String: String]) {
        locked = nil
        expiresAt = nil
        for program in programs {
            if let sid = sids[program.clientId] { program.unlock(sid) } else { close(program) }
        }
        begin()
    }

    /// The account leaves this phone, or another person is here: nothing of it stays, not even under a cover.
    public func end() {
        lock("logout")
        stream?.close()
        stopAway()
        for program in programs { close(program) }
        stage.forget(account)
    }

    /// The app is not seen any more.
    public func background() {
        guard awaySince == nil else { return }
        awaySince = world.now()
        inFront?.event("hidden")
        // Where the phone stops the app this is late, and `foreground` does it.
        stopAway = world.later(Host.awayMs) { [weak self] in self?.rest() }
    }

    /// The app is seen again. After 30 seconds programs are covered until the stream says `ready`, or that it has ended.
    public func foreground() {
        guard let since = awaySince else { return }
        awaySince = nil
        stopAway()
        tick()
        inFront?.event("shown")
        guard world.now() - since >= Host.awayMs, locked == nil else { return }
        cover(true)
        stream?.check()
    }

    /// A push message said that something happened: asks what.
    public func wake() {
        if locked == nil { stream?.check() }
    }

    /// Locks by the clock of this phone, also without a network and after it slept.
    public func tick() {
        if let expiresAt, locked == nil, world.now() >= expiresAt { lock("expired") }
    }

    /// An event of the stream, or what stands for one: that a refresh was refused.
    public func hear(_ name: String, _ data: [String: JSON]) {
        let clientId = data["client_id"]?.string
        switch name {
        case _ where Host.ends.contains(name):
            lock(data["reason"]?.string ?? (name == "user_changed" ? name : "expired"), clientId: clientId)
            if name == "user_changed" { end() }
        case "mini_program_suspended":
            if let clientId { lock("suspended", clientId: clientId) }
        case "ready":
            ready(data)
        case "grant_changed":
            let change = data.filter { $0.key != "client_id" }
            for program in programs where program.clientId == clientId { program.event(name, change) }
        default:
            break
        }
        app.heard(name, data)
    }

    /// Shows the consent sheet, unless there is one.
    func sheet(_ uri: URL, _ interaction: String?, done: @escaping @MainActor (String) -> Void) -> Bool {
        guard sheet == nil else { return false }
        let mine = Sheet(done: done)
        sheet = mine
        paint()
        let takeAway = stage.sheet(uri, interaction) { [weak self] result in self?.endSheet(mine, result) }
        if sheet === mine { mine.takeAway = takeAway } else { takeAway() }
        return true
    }

    private func endSheet(_ which: Sheet, _ result: String) {
        guard sheet === which else { return }
        sheet = nil
        which.takeAway()
        paint()
        which.done(result)
    }

    private func ready(_ data: [String: JSON]) {
        guard locked == nil else { return }
        if let at = data["session_expires_at"]?.number, let now = data["at"]?.number { expires(in: Int(at - now)) }
        // Nobody looks while it is away, and whether it may be seen is asked again when somebody does.
        if locked == nil, awaySince == nil { cover(false) }
    }

    /// The difference of two times of the server is true whatever this phone's calendar says.
    private func expires(in left: Int) {
        stopExpiry()
        expiresAt = world.now() + left
        tick()
        if locked == nil { stopExpiry = world.later(left) { [weak self] in self?.tick() } }
    }

    private func rest() {
        guard awaySince != nil, locked == nil else { return }
        cover(true)
        stream?.pause()
    }

    private func cover(_ yes: Bool) {
        for program in programs {
            program.isCovered = yes
            program.paint()
        }
    }

    private func paint() { programs.forEach { $0.paint() } }
}
