/// Why a message was not accepted (protocol section 7).
public enum NackCode: String, Sendable, CaseIterable {
    /// No queue for it, and nobody connected.
    case recipientOffline = "RECIPIENT_OFFLINE"
    case queueFull = "QUEUE_FULL"
    case expired = "EXPIRED"
    case tooLarge = "TOO_LARGE"
    case rateLimited = "RATE_LIMITED"
    case senderMismatch = "SENDER_MISMATCH"
    case draining = "DRAINING"
    case storageUnavailable = "STORAGE_UNAVAILABLE"
}

/// One message that was not accepted.
public struct Nack: Document {
    public static let frameType = FrameType.nack

    public var messageID: MessageID
    /// As sent: a later relay may know more codes than `NackCode`.
    public var code: String
    public var message: String
    public var retryAfterMilliseconds: UInt64?

    public init(messageID: MessageID, code: NackCode, message: String, retryAfterMilliseconds: UInt64? = nil) {
        self.messageID = messageID
        self.code = code.rawValue
        self.message = message
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }

    public var knownCode: NackCode? { NackCode(rawValue: code) }

    enum CodingKeys: String, CodingKey {
        case messageID = "message_id"
        case code, message
        case retryAfterMilliseconds = "retry_after_ms"
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member(CodingKeys.messageID, messageID)
            json.member(CodingKeys.code, code)
            json.member(CodingKeys.message, message)
            json.member(CodingKeys.retryAfterMilliseconds, ifPresent: retryAfterMilliseconds)
        }
    }
}
