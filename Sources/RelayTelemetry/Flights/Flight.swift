public import RelayCore
public import WireProtocol

/// One message's way, put together from what its loops recorded of it.
public struct Flight: Sendable, Equatable {
    /// In the order in which a message passes them.
    public enum Stage: String, Sendable, CaseIterable {
        case received, routed, stored
        /// It came out of the store.
        case loaded
        case enqueued, written, acknowledged, expired, dropped, refused
    }

    public struct Step: Sendable, Equatable {
        public var stage: Stage
        public var time: MonotonicNanoseconds
        /// Of a write, counted from 1.
        public var attempt: Int?
    }

    public enum Outcome: Sendable, Equatable {
        case delivered
        case expired
        case dropped(DropReason)
        /// Never accepted.
        case refused(NackCode)
        case underWay(Wait)
    }

    /// What a message that is not settled waits for.
    public enum Wait: String, Sendable {
        /// To be written to its recipient or to the store.
        case commit
        /// In the queue.
        case recipient
        case acknowledgement
    }

    public var id: MessageID
    /// nil of both where it was refused: a NACK names the message only.
    public var sender: UInt64?
    public var recipient: UInt64?
    public var mode: DeliveryMode?
    /// Of the payload; nil where its acceptance is not among the records.
    public var bytes: Int?
    public var outcome: Outcome
    /// What the sender was told of a message that was not taken, or not in the end.
    public var refusal: NackCode?
    /// Times it was written to a recipient.
    public var attempts: Int
    /// Times the sender sent it.
    public var copies: Int
    /// It came out of the queue.
    public var isQueued: Bool
    /// Of the sender's trace; nil where it sent none.
    public var trace: SenderTrace?
    /// In the order of time.
    public var steps: [Step]

    public struct SenderTrace: Sendable, Hashable {
        public var high, low: UInt64
    }
}
