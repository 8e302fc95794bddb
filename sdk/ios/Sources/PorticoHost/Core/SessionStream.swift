// Follows the host's stream of session events: asks again after a cut, refreshes, resumes where it was. What follows
// from an event is the host's business.
import Foundation

/// How a refresh ended.
public enum Refreshed: Sendable {
    case renewed, ended, unavailable
}

/// Who asks: the host's tokens.
public protocol Credentials: Sendable {
    /// `Authorization`, and `DPoP` where the token is bound to a key.
    func headers(method: String, uri: URL) async throws -> [String: String]

    /// An answer brought a `DPoP-Nonce`, for the next proof.
    func heardNonce(_ nonce: String) async

    func refresh() async -> Refreshed
}

@MainActor
public final class SessionStream: HostStream {
    private enum Next {
        case after(ms: Int)
        case over
    }

    private static let silenceSeconds = 20.0
    private static let maxPauseMs = 5_000
    private static let ends = ["session_expired", "session_ended", "user_changed"]

    private let uri: URL
    private let credentials: Credentials
    private let heard: Host.Heard
    private let session: URLSession
    private var task: Task<Void, Never>?
    private var lastId: String?
    private var isFresh = false

    public init(uri: URL, credentials: Credentials, heard: @escaping Host.Heard) {
        self.uri = uri
        self.credentials = credentials
        self.heard = heard
        let configuration = URLSessionConfiguration.ephemeral
        // A comment comes every 15 s: this is the time without a byte.
        configuration.timeoutIntervalForRequest = SessionStream.silenceSeconds
        configuration.timeoutIntervalForResource = .infinity
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        session = URLSession(configuration: configuration)
        check()
    }

    public func check() {
        task?.cancel()
        task = Task { [weak self] in
            while !Task.isCancelled {
                guard case .after(let ms)? = await self?.read(), !Task.isCancelled else { return }
                try? await Task.sleep(nanoseconds: UInt64(ms) * 1_000_000)
            }
        }
    }

    public func pause() {
        task?.cancel()
        task = nil
    }

    public func close() {
        pause()
        session.invalidateAndCancel()
    }

    /// Reads one answer to its end, and says what comes next.
    private func read() async -> Next {
        do {
            var (body, answer) = try await ask()
            if answer.statusCode == 401, answer.value(forHTTPHeaderField: "WWW-Authenticate")?.contains("use_dpop_nonce") == true {
                (body, answer) = try await ask()
            }
            switch answer.statusCode {
            case 200: return try await follow(body)
            case 401: return await renew()
            default:
                let seconds = answer.value(forHTTPHeaderField: "Retry-After").flatMap { Int($0) } ?? 5
                return .after(ms: min(max(seconds, 1), 60) * 1000)
            }
        } catch is Refusal {
            return await renew()
        } catch {
            // It was cut, or the network is away: programs stay, and it is asked again.
            return somePause()
        }
    }

    private func ask() async throws -> (URLSession.AsyncBytes, HTTPURLResponse) {
        var request = URLRequest(url: uri)
        request.setValue("text/event-stream", forHTTPHeaderField: "Accept")
        if let lastId { request.setValue(lastId, forHTTPHeaderField: "Last-Event-ID") }
        for (name, value) in try await credentials.headers(method: "GET", uri: uri) {
            request.setValue(value, forHTTPHeaderField: name)
        }
        let (body, response) = try await session.bytes(for: request, delegate: NoRedirects())
        guard let answer = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
        if let nonce = answer.value(forHTTPHeaderField: "DPoP-Nonce") { await credentials.heardNonce(nonce) }
        return (body, answer)
    }

    private func follow(_ body: URLSession.AsyncBytes) async throws -> Next {
        isFresh = false
        var events = EventReader()
        for try await byte in body {
            guard let event = try events.read(byte) else { continue }
            if Task.isCancelled { return .over }
            if event.name == "token_expired" { return await renew() }
            if pass(event) { return .over }
        }
        guard let ms = events.retryMs else { return somePause() }
        return .after(ms: min(ms, SessionStream.maxPauseMs))
    }

    // Not the same for all, who were cut off together.
    private func somePause() -> Next { .after(ms: Int.random(in: 1_000...SessionStream.maxPauseMs)) }

    /// Says it, and whether it was the end of everything.
    private func pass(_ event: StreamEvent) -> Bool {
        lastId = event.id ?? lastId
        guard let name = event.name, let data = JSON(text: event.data ?? "{}")?.object else { return false }
        heard(name, data)
        return SessionStream.ends.contains(name) && data["client_id"] == nil
    }

    private func renew() async -> Next {
        let refreshed = await credentials.refresh()
        if Task.isCancelled { return .over }
        switch refreshed {
        case .renewed:
            // A fresh token that is not taken either is not asked for over and over.
            defer { isFresh = true }
            return isFresh ? somePause() : .after(ms: 0)
        case .unavailable: return somePause()
        case .ended:
            // "invalid_grant": it has ended, and nobody says more of it.
            heard("session_ended", ["reason": "logout"])
            return .over
        }
    }
}

/// A token is for the address that it was asked for.
final class NoRedirects: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}
