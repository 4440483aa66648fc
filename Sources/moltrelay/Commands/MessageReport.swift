import RelayClient
import WireProtocol

/// A message as a person reads it, and as scripts do.
struct MessageReport {
    private let message: IncomingMessage
    /// nil where it is not UTF-8.
    private let body: String?

    init(_ message: IncomingMessage) {
        self.message = message
        body = String(validating: message.envelope, as: UTF8.self)
    }

    var text: String {
        let size = message.envelope.count
        let head = "\(message.id) from \(message.sender), \(size) \(size == 1 ? "byte" : "bytes")"
        guard let body else { return head + " that are not text" }
        return head + "\n" + Terminal.harmless(body)
    }

    var json: String {
        var json = JSONWriter()
        json.object { json in
            json.member(Key.id, message.id.description)
            json.member(Key.sender, message.sender.description)
            json.member(Key.size, message.envelope.count)
            json.member(Key.mode, message.mode.name)
            json.member(Key.priority, Int(message.priority))
            json.member(Key.timestamp, message.timestamp)
            json.member(Key.body, ifPresent: body)
            if body == nil { json.member(Key.bodyBase64, Base64.encode(message.envelope)) }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private enum Key: String, CodingKey {
        case id, sender, size, mode, priority, timestamp, body
        case bodyBase64 = "body_base64"
    }
}

extension DeliveryMode {
    fileprivate var name: String {
        switch self {
        case .bestEffort: "best_effort"
        case .atLeastOnce: "at_least_once"
        case .exactlyOnce: "exactly_once"
        }
    }
}
