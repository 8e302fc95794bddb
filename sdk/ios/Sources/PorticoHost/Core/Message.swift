// The messages of a page: their forms and their size. docs/bridge.md says what they mean.
import Foundation

/// A message of a page that has one of the three forms.
enum Message: Equatable {
    case hello(pageNonce: String, clientId: String)
    case call(Asked)
    case cancel(pageNonce: String, hostNonce: String, id: Int)

    struct Asked: Equatable {
        let pageNonce: String
        let hostNonce: String
        let id: Int
        let method: String
        let params: [String: JSON]
        let timeoutMs: Int?
    }

    static let maxBytes = 65_536

    /// Nil where it is too long, no JSON, or has another form.
    init?(_ text: String) {
        guard Message.fits(text), let members = JSON(text: text)?.object, members["portico"]?.number == 1 else { return nil }
        guard let pageNonce = Message.nonce(members["page_nonce"]) else { return nil }
        switch members["type"]?.string {
        case "hello":
            guard let clientId = members["client_id"]?.string else { return nil }
            self = .hello(pageNonce: pageNonce, clientId: clientId)
        case "call":
            guard let asked = Message.asked(members, pageNonce) else { return nil }
            self = .call(asked)
        case "cancel":
            guard let hostNonce = Message.nonce(members["host_nonce"]), let id = Message.id(members["id"]) else { return nil }
            self = .cancel(pageNonce: pageNonce, hostNonce: hostNonce, id: id)
        default:
            return nil
        }
    }

    /// Whether the text has as many bytes of UTF-8 as a message may have.
    static func fits(_ text: String) -> Bool { text.utf8.count <= maxBytes }

    private static func asked(_ members: [String: JSON], _ pageNonce: String) -> Asked? {
        guard let hostNonce = nonce(members["host_nonce"]), let id = Message.id(members["id"]),
            let method = members["method"]?.string, isName(method)
        else { return nil }
        var params: [String: JSON] = [:]
        if let given = members["params"] {
            guard let object = given.object else { return nil }
            params = object
        }
        var timeoutMs: Int?
        if let given = members["timeout_ms"] {
            guard let time = Message.id(given) else { return nil }
            timeoutMs = time
        }
        return Asked(pageNonce: pageNonce, hostNonce: hostNonce, id: id, method: method, params: params, timeoutMs: timeoutMs)
    }

    private static func nonce(_ value: JSON?) -> String? {
        guard let text = value?.string, (22...64).contains(text.utf8.count), text.utf8.allSatisfy(isOfNonce) else { return nil }
        return text
    }

    private static func isOfNonce(_ byte: UInt8) -> Bool {
        isLower(byte) || isDigit(byte) || (65...90).contains(byte) || byte == 45 || byte == 95
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLower(first), text.utf8.count <= 64 else { return false }
        return text.utf8.allSatisfy { isLower($0) || isDigit($0) || $0 == 95 }
    }

    private static func isLower(_ byte: UInt8) -> Bool { (97...122).contains(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    private static func id(_ value: JSON?) -> Int? {
        guard let number = value?.number, number > 0, number <= 9_007_199_254_740_991, number == number.rounded(.down) else {
            return nil
        }
        return Int(number)
    }
}
