// The host's own tokens of one account: redeemed, renewed, exchanged for launches, given back. A public client whose
// tokens are bound to a key of the phone (RFC 9449); after the process ended, the refresh token and the key are all that
// is left of it.
import Foundation

/// Where the refresh token is kept; the phone's own is `DeviceVault`.
public protocol TokenVault: Sendable {
    func read() -> String?
    func write(_ refreshToken: String) throws
    func clear()
}

public actor HostTokens: Credentials {
    private struct Access {
        let token: String
        let renewAt: Date
    }

    /// The subject token of an exchange cannot be used.
    private struct SubjectToken: Error {
        let state: String
    }

    private let clientId: String
    private let tokenEndpoint: URL
    private let revocationEndpoint: URL
    private let key: DpopKey
    private let vault: TokenVault
    private let ended: @Sendable () -> Void
    private let session: URLSession
    private var access: Access?
    private var nonce: String?
    private var renewal: Task<Refreshed, Never>?

    /// `ended` is called when a refresh was refused or the person signs out: the host locks.
    public init(
        clientId: String, tokenEndpoint: URL, revocationEndpoint: URL, key: DpopKey, vault: TokenVault,
        ended: @escaping @Sendable () -> Void
    ) {
        self.clientId = clientId
        self.tokenEndpoint = tokenEndpoint
        self.revocationEndpoint = revocationEndpoint
        self.key = key
        self.vault = vault
        self.ended = ended
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 10
        session = URLSession(configuration: configuration)
    }

    /// Redeems the code of the person's sign-in. The answer's `id_token` says who it is; its `nonce` is the app's to compare.
    @discardableResult
    public func redeem(code: String, codeVerifier: String, redirectUri: String) async throws -> [String: JSON] {
        let form = ["grant_type": "authorization_code", "code": code, "code_verifier": codeVerifier, "redirect_uri": redirectUri]
        let answer = try await post(form)
        try adopt(answer)
        return answer
    }

    /// A launch code, a launch token or whatever else an exchange gives for a program; `params` are those of the page's
    /// call besides. Offline it is refused with `temporarily_unavailable`.
    public func launch(programId: String, requestedTokenType: String, params: [String: String]) async throws -> [String: JSON] {
        do {
            do {
                return try await exchange(programId, requestedTokenType, params)
            } catch let refused as SubjectToken {
                if refused.state == "ended" { throw endedNow() }
                if await refresh() == .ended { throw Refusal("locked") }
                return try await exchange(programId, requestedTokenType, params)
            }
        } catch let refused as SubjectToken {
            throw Refusal("server_error", description: refused.state)
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal(Refusal.unavailable)
        }
    }

    public func headers(method: String, uri: URL) async throws -> [String: String] {
        let bearer = try await token()
        return ["Authorization": "DPoP \(bearer)", "DPoP": try key.proof(method: method, uri: uri, nonce: nonce, accessToken: bearer)]
    }

    public func heardNonce(_ nonce: String) { self.nonce = nonce }

    /// One at a time: whoever comes meanwhile waits for the same answer.
    public func refresh() async -> Refreshed {
        if let renewal { return await renewal.value }
        let task = Task { await self.renew() }
        renewal = task
        let refreshed = await task.value
        renewal = nil
        return refreshed
    }

    /// Signs out: the session and every program of it end. Offline the phone forgets all the same, and this throws: the
    /// session lives on until it is ended elsewhere or by its time, and the app says so.
    public func signOut() async throws {
        let kept = vault.read()
        access = nil
        vault.clear()
        ended()
        if let kept { _ = try await send(revocationEndpoint, ["client_id": clientId, "token": kept]) }
    }

    private func renew() async -> Refreshed {
        guard let refreshToken = vault.read() else { return .ended }
        do {
            try adopt(await post(["grant_type": "refresh_token", "refresh_token": refreshToken]))
            return .renewed
        } catch let refusal as Refusal where refusal.error == "invalid_grant" {
            access = nil
            vault.clear()
            ended()
            return .ended
        } catch {
            return .unavailable
        }
    }

    private func endedNow() -> Refusal {
        access = nil
        vault.clear()
        ended()
        return Refusal("locked")
    }

    private func exchange(_ programId: String, _ type: String, _ params: [String: String]) async throws -> [String: JSON] {
        let own = [
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": try await token(),
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "audience": programId,
            "requested_token_type": type,
        ]
        return try await post(params.merging(own) { _, own in own })
    }

    /// The host's access token, renewed when four fifths of its time are over.
    private func token() async throws -> String {
        if let access, Date() < access.renewAt { return access.token }
        switch await refresh() {
        case .renewed: break
        case .ended: throw Refusal("locked")
        // What is left of its time is good while there is no network to renew it.
        case .unavailable: break
        }
        guard let access else { throw URLError(.notConnectedToInternet) }
        return access.token
    }

    private func adopt(_ answer: [String: JSON]) throws {
        guard let token = answer["access_token"]?.string else { throw URLError(.badServerResponse) }
        if let refreshToken = answer["refresh_token"]?.string { try vault.write(refreshToken) }
        let lives = answer["expires_in"]?.number ?? 0
        access = Access(token: token, renewAt: Date().addingTimeInterval(lives * 0.8))
    }

    private func post(_ form: [String: String]) async throws -> [String: JSON] {
        let members = form.merging(["client_id": clientId]) { _, own in own }
        var (status, answer) = try await send(tokenEndpoint, members)
        if answer["error"]?.string == "use_dpop_nonce" { (status, answer) = try await send(tokenEndpoint, members) }
        if status == 200 { return answer }
        if let state = answer["subject_token_state"]?.string { throw SubjectToken(state: state) }
        guard status < 500, let error = answer["error"]?.string else { throw URLError(.badServerResponse) }
        throw Refusal(
            error, description: answer["error_description"]?.string, interactionUri: answer["interaction_uri"]?.string,
            interaction: answer["interaction"]?.string)
    }

    private func send(_ uri: URL, _ form: [String: String]) async throws -> (Int, [String: JSON]) {
        var request = URLRequest(url: uri)
        request.httpMethod = "POST"
        request.setValue("application/x-www-form-urlencoded", forHTTPHeaderField: "Content-Type")
        request.setValue(try key.proof(method: "POST", uri: uri, nonce: nonce, accessToken: nil), forHTTPHeaderField: "DPoP")
        request.httpBody = formOf(form)
        let (body, response) = try await session.data(for: request, delegate: NoRedirects())
        guard let answer = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
        if let next = answer.value(forHTTPHeaderField: "DPoP-Nonce") { nonce = next }
        return (answer.statusCode, JSON(text: String(decoding: body, as: UTF8.self))?.object ?? [:])
    }
}
