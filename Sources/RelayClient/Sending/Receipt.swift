public import WireProtocol

/// What became of a message that was sent.
public struct Receipt: Equatable, Sendable {
    public enum Outcome: Equatable, Sendable {
        /// Best effort: handed to the connection. Nobody says more about it.
        case written
        /// `queued`: durably stored by the relay. `received`, `processed`: the recipient said so.
        case acknowledged(AckType)
    }

    public var id: MessageID
    public var outcome: Outcome
    /// How many connections carried it.
    public var attempts: Int
}

/// Why a message has no receipt. Where the relay may have it all the same, sending it again with the same id is safe.
public enum SendError: Error, Equatable, Sendable {
    /// The sends that are not settled yet fill `maxSendQueueBytes`.
    case queueFull(maxBytes: Int)
    /// The relay, or the protocol, takes payloads up to this.
    case tooLarge(maxPayloadBytes: Int)
    /// A send with this id is under way.
    case idInUse
    case notAccepted(Nack)
    /// No ACK within the send's time. The relay may have it if it was written.
    case timedOut(wasWritten: Bool)
    case cancelled
    /// `close` was called.
    case closed
    /// `run` ended.
    case ended(ConnectionFailure)

    /// How long the relay asks to wait before the same message is sent again.
    public var retryAfterMilliseconds: UInt64? {
        guard case .notAccepted(let nack) = self else { return nil }
        return nack.retryAfterMilliseconds
    }

    /// Whether the same message may pass later.
    public var isTemporary: Bool {
        switch self {
        case .queueFull, .timedOut: true
        case .tooLarge, .idInUse, .cancelled, .closed, .ended: false
        case .notAccepted(let nack):
            switch nack.knownCode {
            case .recipientOffline, .queueFull, .rateLimited, .draining, .storageUnavailable: true
            case .expired, .tooLarge, .senderMismatch: false
            case nil: nack.retryAfterMilliseconds != nil
            }
        }
    }
}

extension SendError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .queueFull(let bytes): "more than \(bytes) bytes of messages wait for their acknowledgement already"
        case .tooLarge(let bytes): "the message is too large; a payload may have \(bytes) bytes"
        case .idInUse: "a message with this id is being sent already"
        case .notAccepted(let nack): "\(nack.code): \(nack.message)"
        case .timedOut(wasWritten: true): "sent, but not acknowledged in time; the relay may have it"
        case .timedOut(wasWritten: false): "not sent in time"
        case .cancelled: "cancelled"
        case .closed: "the client was closed"
        case .ended(let failure): failure.description
        }
    }
}
