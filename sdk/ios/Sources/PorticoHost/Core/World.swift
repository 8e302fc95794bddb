// What the kit needs of the phone besides views: time and chance.
import Foundation

@MainActor
public protocol World: AnyObject {
    /// Milliseconds of a clock that only goes forward, also while the phone sleeps.
    func now() -> Int

    /// Does it on the main thread after that time, if the phone is awake; what comes back takes it back.
    func later(_ ms: Int, _ action: @escaping @MainActor () -> Void) -> @MainActor () -> Void

    /// 144 bits of chance, 24 characters of base64url.
    func nonce() -> String
}

/// The phone's own time and chance.
@MainActor
public final class Phone: World {
    public init() {}

    // Not `CLOCK_UPTIME_RAW` nor `DispatchTime`, which stand still while the phone sleeps.
    public func now() -> Int { Int(clock_gettime_nsec_np(CLOCK_MONOTONIC_RAW) / 1_000_000) }

    public func later(_ ms: Int, _ action: @escaping @MainActor () -> Void) -> @MainActor () -> Void {
        let task = Task { @MainActor in
            try await Task.sleep(nanoseconds: UInt64(max(ms, 0)) * 1_000_000)
            action()
        }
        return { task.cancel() }
    }

    public func nonce() -> String { drawNonce() }
}

/// 144 bits of the system's chance.
public func drawNonce() -> String {
    var chance = SystemRandomNumberGenerator()
    return base64url(Data((0..<18).map { _ in UInt8.random(in: .min ... .max, using: &chance) }))
}

func base64url(_ bytes: Data) -> String {
    bytes.base64EncodedString()
        .replacingOccurrences(of: "+", with: "-")
        .replacingOccurrences(of: "/", with: "_")
        .replacingOccurrences(of: "=", with: "")
}

/// What a program's call is refused with. The page sees `error` and `description`, and nothing else: the address
/// of the sheet never reaches it.
public struct Refusal: Error, Equatable, Sendable {
    public static let unavailable = "temporarily_unavailable"

    public let error: String
    public let description: String?
    public let interactionUri: String?
    public let interaction: String?

    public init(_ error: String, description: String? = nil, interactionUri: String? = nil, interaction: String? = nil) {
        self.error = error
        self.description = description
        self.interactionUri = interactionUri
        self.interaction = interaction
    }

    /// What the page may know of it: anything but a refusal is `server_error` without a word.
    static func of(_ failure: Error) -> Refusal {
        guard let refusal = failure as? Refusal, (1...64).contains(refusal.error.utf8.count),
            refusal.error.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x22 && $0 != 0x5c })
        else { return Refusal("server_error") }
        return refusal
    }
}

/// One call of a page. It is answered once; what comes later, or after an abort, goes nowhere.
@MainActor
public final class Call {
    public let method: String
    public let params: [String: JSON]
    public private(set) var isAborted = false

    private var settled: (@MainActor (Result<[String: JSON], Error>) -> Void)?
    private var listeners: [@MainActor () -> Void] = []

    init(_ method: String, _ params: [String: JSON], settled: @escaping @MainActor (Result<[String: JSON], Error>) -> Void) {
        self.method = method
        self.params = params
        self.settled = settled
    }

    public func answer(_ result: [String: JSON]) { settle(.success(result)) }

    public func fail(_ failure: Error) { settle(.failure(failure)) }

    /// Calls back when nobody waits for the answer any more.
    public func onAbort(_ listener: @escaping @MainActor () -> Void) {
        if isAborted { listener() } else { listeners.append(listener) }
    }

    func abort() {
        guard !isAborted else { return }
        isAborted = true
        let told = listeners
        listeners = []
        told.forEach { $0() }
    }

    private func settle(_ how: Result<[String: JSON], Error>) {
        let answers = settled
        settled = nil
        answers?(how)
    }
}
