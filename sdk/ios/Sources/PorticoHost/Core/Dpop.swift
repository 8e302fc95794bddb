// Proofs of a key (RFC 9449): ES256 over the method, the address, the server's nonce and the token.
import CryptoKit
import Foundation

/// A P-256 key; the private half may be in the Secure Enclave, which never shows it.
public struct DpopKey: Sendable {
    private let x: String
    private let y: String
    private let sign: @Sendable (Data) throws -> Data

    /// `sign` gives R and S one after the other, 64 bytes (RFC 7518 §3.4): CryptoKit's `rawRepresentation`.
    public init(publicKey: P256.Signing.PublicKey, sign: @escaping @Sendable (Data) throws -> Data) {
        let point = publicKey.rawRepresentation
        x = base64url(point.prefix(32))
        y = base64url(point.suffix(32))
        self.sign = sign
    }

    /// What `cnf.jkt` of a token of this key is: the members in lexicographic order, without spaces (RFC 7638 §3).
    public var thumbprint: String { base64url(sha256("{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"\(x)\",\"y\":\"\(y)\"}")) }

    /// The header `DPoP` of one request. `jti` is drawn anew for each; `issuedAt` is this phone's calendar, which may be
    /// wrong: with a nonce of the server it is not judged.
    public func proof(
        method: String, uri: URL, nonce: String?, accessToken: String?, jti: String = drawNonce(), issuedAt: Date = Date()
    ) throws -> String {
        let jwk: JSON = ["crv": "P-256", "kty": "EC", "x": .string(x), "y": .string(y)]
        let header: JSON = ["typ": "dpop+jwt", "alg": "ES256", "jwk": jwk]
        // "without query and fragment parts" (RFC 9449 §4.2)
        let bare = String(uri.absoluteString.prefix { $0 != "?" && $0 != "#" })
        var claims: [String: JSON] = [
            "jti": .string(jti), "htm": .string(method), "htu": .string(bare),
            "iat": .number(issuedAt.timeIntervalSince1970.rounded(.down)),
        ]
        if let nonce { claims["nonce"] = .string(nonce) }
        if let accessToken { claims["ath"] = .string(base64url(sha256(accessToken))) }
        let signed = "\(base64url(Data(header.text.utf8))).\(base64url(Data(JSON.object(claims).text.utf8)))"
        return "\(signed).\(base64url(try sign(Data(signed.utf8))))"
    }
}

func sha256(_ text: String) -> Data { Data(SHA256.hash(data: Data(text.utf8))) }
