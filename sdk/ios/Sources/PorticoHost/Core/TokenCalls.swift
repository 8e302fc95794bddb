// What programs ask, answered by exchanges of the host's own tokens. An app with a backend of its own that launches
// answers `HostApp.call` itself.
import Foundation

@MainActor
open class TokenCalls: HostApp {
    private static let code = "urn:portico:params:oauth:token-type:launch-code"
    private static let token = "urn:ietf:params:oauth:token-type:access_token"

    private let tokens: HostTokens
    private let issuer: String
    private let locale: @MainActor () -> String

    /// `locale` is the language of the sheet.
    public init(tokens: HostTokens, issuer: String, locale: @escaping @MainActor () -> String) {
        self.tokens = tokens
        self.issuer = issuer
        self.locale = locale
    }

    open func heard(_ name: String, _ data: [String: JSON]) {}

    public func call(_ program: Program, _ call: Call) {
        let task = Task {
            do {
                call.answer(try await answer(program, call.method, call.params))
            } catch is URLError {
                call.fail(Refusal(Refusal.unavailable))
            } catch {
                call.fail(error)
            }
        }
        // Signing out locks, and the lock ends this call: what is on its way to the server is not stopped by that.
        if call.method != "logout" { call.onAbort { task.cancel() } }
    }

    func answer(_ program: Program, _ method: String, _ params: [String: JSON]) async throws -> [String: JSON] {
        switch method {
        case "login": return try await login(program, params)
        case "token":
            let answer = try await exchange(program, TokenCalls.token, texts(params, ["scope", "dpop_jkt"]))
            return answer.filter { ["access_token", "token_type", "expires_in", "scope", "sid"].contains($0.key) }
        case "request": return try await request(program, params)
        case "logout":
            try await tokens.signOut()
            return [:]
        default: throw Refusal("unsupported_method")
        }
    }

    private func login(_ program: Program, _ params: [String: JSON]) async throws -> [String: JSON] {
        var asked = texts(params, ["nonce", "code_challenge", "scope", "dpop_jkt"])
        asked["code_challenge_method"] = "S256"
        let answer = try await exchange(program, TokenCalls.code, asked)
        var result: [String: JSON] = ["iss": .string(issuer)]
        result["code"] = answer["access_token"]
        result["state"] = params["state"]
        result["scope"] = answer["scope"]
        result["sid"] = answer["sid"]
        return result
    }

    /// The person tapped for it: what they put off is asked again. What comes of the exchange besides is not used.
    private func request(_ program: Program, _ params: [String: JSON]) async throws -> [String: JSON] {
        guard let scope = params["scope"]?.string else { throw Refusal("invalid_request", description: "scope is missing") }
        var asked = ["scope": "openid \(scope)", "prompt": "consent"]
        var type = TokenCalls.token
        if program.launch.methods.contains("login") {
            type = TokenCalls.code
            // A challenge whose verifier nobody knows, for a code that nobody is to redeem.
            asked["nonce"] = drawNonce()
            asked["code_challenge"] = base64url(sha256(drawNonce()))
            asked["code_challenge_method"] = "S256"
        }
        let answer = try await exchange(program, type, asked)
        return answer.filter { ["scope", "sid"].contains($0.key) }
    }

    private func exchange(_ program: Program, _ type: String, _ params: [String: String]) async throws -> [String: JSON] {
        var asked = params
        asked["ui_locales"] = locale()
        return try await tokens.launch(programId: program.clientId, requestedTokenType: type, params: asked)
    }

    /// Only what is named goes from a page into an exchange, and only texts.
    private func texts(_ params: [String: JSON], _ names: [String]) -> [String: String] {
        var texts: [String: String] = [:]
        for name in names { texts[name] = params[name]?.string }
        return texts
    }
}
