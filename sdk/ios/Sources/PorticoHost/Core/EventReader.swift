// Reads a text/event-stream (HTML, §9.2.6 "Interpreting an event stream"), byte by byte. `lines` of URLSession would
// leave out the empty ones, and those are the ends of events.
import Foundation

/// What a stream said: an event, or a new position alone.
struct StreamEvent: Equatable {
    var name: String?
    var data: String?
    var id: String?
}

/// A line or an event that is longer than anything that Portico says.
struct TooLong: Error {}

struct EventReader {
    private static let max = 65_536

    /// How long the server asks to wait before the next connection.
    private(set) var retryMs: Int?
    private var line: [UInt8] = []
    private var afterReturn = false
    private var event = StreamEvent()

    mutating func read(_ byte: UInt8) throws -> StreamEvent? {
        let isReturn = byte == 13
        defer { afterReturn = isReturn }
        if isReturn || (byte == 10 && !afterReturn) {
            let text = String(decoding: line, as: UTF8.self)
            line.removeAll(keepingCapacity: true)
            return try take(text)
        }
        if byte != 10 { line.append(byte) }
        if line.count > EventReader.max { throw TooLong() }
        return nil
    }

    private mutating func take(_ line: String) throws -> StreamEvent? {
        if line.isEmpty {
            defer { event = StreamEvent() }
            return event.data == nil && event.id == nil ? nil : event
        }
        let field = line.prefix { $0 != ":" }
        var value = String(line.dropFirst(field.count).dropFirst())
        if value.hasPrefix(" ") { value.removeFirst() }
        switch field {
        case "event": event.name = value
        case "id": event.id = value
        case "data":
            event.data = event.data.map { "\($0)\n\(value)" } ?? value
            if let data = event.data, data.utf8.count > EventReader.max { throw TooLong() }
        case "retry":
            if let ms = Int(value), ms >= 0 { retryMs = ms }
        default: break
        }
        return nil
    }
}
