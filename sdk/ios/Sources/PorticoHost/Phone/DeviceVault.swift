// What is left of a host after its process ended: the key of its tokens, which never leaves the Secure Enclave, and the
// refresh token. Both are in the Keychain of this device only, one of each for an account.
import CryptoKit
import Foundation
import Security

public struct DeviceVault: TokenVault {
    /// The Keychain said no.
    public struct Failure: Error {
        public let status: OSStatus
    }

    private let account: String

    public init(account: String) { self.account = account }

    /// The account's DPoP key: made when it is asked for first, the same one from then on.
    public func key() throws -> DpopKey {
        if SecureEnclave.isAvailable {
            let key = try find("dpop").map { try SecureEnclave.P256.Signing.PrivateKey(dataRepresentation: $0) } ?? newInEnclave()
            return DpopKey(publicKey: key.publicKey) { try key.signature(for: $0).rawRepresentation }
        }
        // The simulator has no Secure Enclave.
        let key = try find("dpop").map { try P256.Signing.PrivateKey(rawRepresentation: $0) } ?? newInKeychain()
        return DpopKey(publicKey: key.publicKey) { try key.signature(for: $0).rawRepresentation }
    }

    public func read() -> String? {
        (try? find("refresh_token")).map { String(decoding: $0, as: UTF8.self) }
    }

    public func write(_ refreshToken: String) throws { try keep("refresh_token", Data(refreshToken.utf8)) }

    /// The session is over. The key stays, for this person's next one.
    public func clear() { SecItemDelete(item("refresh_token") as CFDictionary) }

    /// The account leaves this phone.
    public func erase() {
        clear()
        SecItemDelete(item("dpop") as CFDictionary)
    }

    private func newInEnclave() throws -> SecureEnclave.P256.Signing.PrivateKey {
        let when = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
        guard let access = SecAccessControlCreateWithFlags(nil, when, .privateKeyUsage, nil) else {
            throw Failure(status: errSecParam)
        }
        let key = try SecureEnclave.P256.Signing.PrivateKey(accessControl: access)
        // Not the key itself: only this device's enclave can use it.
        try keep("dpop", key.dataRepresentation)
        return key
    }

    private func newInKeychain() throws -> P256.Signing.PrivateKey {
        let key = P256.Signing.PrivateKey()
        try keep("dpop", key.rawRepresentation)
        return key
    }

    private func item(_ what: String) -> [String: Any] {
        [
            kSecClass as String: kSecClassGenericPassword,
            kSecAttrService as String: "portico.\(what)",
            kSecAttrAccount as String: account,
        ]
    }

    private func find(_ what: String) throws -> Data? {
        var query = item(what)
        query[kSecReturnData as String] = true
        var found: CFTypeRef?
        let status = SecItemCopyMatching(query as CFDictionary, &found)
        if status == errSecItemNotFound { return nil }
        guard status == errSecSuccess else { throw Failure(status: status) }
        return found as? Data
    }

    private func keep(_ what: String, _ data: Data) throws {
        // After the first unlock: a push message may wake the app while the phone is locked.
        let values: [String: Any] = [
            kSecValueData as String: data,
            kSecAttrAccessible as String: kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly,
        ]
        var status = SecItemUpdate(item(what) as CFDictionary, values as CFDictionary)
        if status == errSecItemNotFound {
            status = SecItemAdd(item(what).merging(values) { _, new in new } as CFDictionary, nil)
        }
        guard status == errSecSuccess else { throw Failure(status: status) }
    }
}
