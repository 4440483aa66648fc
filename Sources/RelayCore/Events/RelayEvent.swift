public import Compression
public import WireProtocol

/// Nanoseconds of a monotonic clock. Only differences mean anything.
public typealias MonotonicNanoseconds = UInt64

/// When a message reached each stage of its way; 0 where it did not (yet).
public struct MessageTimeline: Sendable, Equatable {
    /// The beginning of the loop tick that read the last byte of its frame.
    public var received: MonotonicNanoseconds
    /// Its destination was known and it left the loop tick that read it. Of a queued message: it came out of the store.
    public var routed: MonotonicNanoseconds = 0
    /// The group commit that holds it was durable.
    public var stored: MonotonicNanoseconds = 0
    /// It was in the recipient's outbox.
    public var enqueued: MonotonicNanoseconds = 0
    /// The flush that carried it to the recipient's socket completed.
    public var written: MonotonicNanoseconds = 0
    /// The recipient's ACK was read.
    public var acknowledged: MonotonicNanoseconds = 0

    public init(received: MonotonicNanoseconds) { self.received = received }
}

/// What became of an accepted message, in the end. Exactly one for each.
public enum MessageFate: Sendable, Equatable {
    /// Written (best effort) or acknowledged by the recipient.
    case delivered
    case expired
    case dropped(DropReason)
}

public enum DropReason: String, Sendable, CaseIterable {
    case recipientOffline = "recipient_offline"
    case outboxFull = "outbox_full"
    /// The connection closed with the message still in its outbox.
    case disconnected
    case queueFull = "queue_full"
    case storageUnavailable = "storage_unavailable"
    /// The store held the same key already.
    case duplicate
    case draining
    /// The relay stopped with it in memory; nobody was promised it.
    case shutdown
    /// The process was at its memory ceiling.
    case memory
    /// It had to be inflated for its recipient and is not what its sender said.
    case unreadable
    /// `moltrelay queue purge`.
    case purged
}

/// The facts about a message, and nothing else, are what its signals are made from. Those of one message are told on at
/// most two loops: `written` on that of the recipient's connection, all others on its home's.
public enum MessageFact: Sendable, Equatable {
    case accepted(MessageIdentity, mode: DeliveryMode, bytes: Int)
    /// The group commit that holds it was durable, and it is not settled: what follows may be hours away.
    case stored(MessageIdentity, MessageTimeline, mode: DeliveryMode)
    /// Handed to the recipient's socket, the `attempt`th time counted from 1. `queued` where it came out of the store;
    /// its timeline's `received` is then as long ago as it was accepted. Not told of best effort, which is settled by
    /// being written: a second fact of 96 bytes would be most of what its signals cost.
    case written(MessageIdentity, MessageTimeline, mode: DeliveryMode, queued: Bool, attempt: Int)
    /// After so many `attempts` to send it to its recipient; of one that came out of the store, since it did.
    case settled(
        MessageIdentity,
        MessageTimeline,
        mode: DeliveryMode,
        fate: MessageFate,
        queued: Bool,
        attempts: Int
    )
}

/// Facts that are not about one message.
public enum RelayEvent: Sendable, Equatable {
    case connectionOpened
    case connectionClosed(reason: CloseReason, opened: MonotonicNanoseconds, at: MonotonicNanoseconds)
    case connectionFailed(ConnectionFailure)
    /// Told beside `connectionFailed(.limit)`.
    case connectionRefused(ConnectionLimit)
    /// Every result but the first two is told beside `connectionFailed(.proxyHeader)`.
    case proxyHeader(ProxyHeaderResult)
    case rateUntracked(RateTable)
    /// Agents' sockets wait in the backlog for want of file descriptors.
    case acceptPaused
    /// `opened` when the socket was accepted.
    case tlsEstablished(TLSSuiteName, resumed: Bool, opened: MonotonicNanoseconds, at: MonotonicNanoseconds)
    /// Told beside `connectionFailed(.tls)`.
    case tlsFailed(TLSHandshakeFailure)
    case handshakeCompleted(opened: MonotonicNanoseconds, at: MonotonicNanoseconds)
    case authenticationFailed(code: AuthFailCode)
    case framesReceived(FrameType, count: Int)
    case nacked(MessageID, code: NackCode)
    /// A message of the same tick brought its sender's trace context. Told again when it comes out of the store.
    case traced(MessageID, TraceContext)
    case duplicateJoined
    case redelivered
    case unknownAcknowledgement
    case slowConsumerClosed
    case senderPaused
    case storeCommitted(operations: Int, started: MonotonicNanoseconds, at: MonotonicNanoseconds)
    /// Messages whose recipient acknowledged before their commit began.
    case writesElided(count: Int)
    case storeFailed(StoreFailure)
    /// Told beside the two, and of pages, where messages are traced.
    case storeCalled(StoreCall)
    case compressed(CompressionWork)
    case compressionFailed(CompressionFlaw)
    /// Large envelopes wait for others that are being converted.
    case conversionWaited
    /// A timer of this loop ran so much later than it asked for.
    case eventLoopLagged(nanoseconds: MonotonicNanoseconds)
}

/// A connection that ended before, or because of, what was read on it.
public enum ConnectionFailure: String, Sendable, CaseIterable {
    /// No TLS came about.
    case tls
    case upgradeRejected = "upgrade_rejected"
    case handshakeTimeout = "handshake_timeout"
    case authentication
    case protocolViolation = "protocol"
    case tooLarge = "too_large"
    case keepaliveTimeout = "keepalive_timeout"
    case slowConsumer = "slow_consumer"
    case limit
    case proxyHeader = "proxy_header"
    case io
    case `internal`
}

/// Hears what happened on one event loop, once a tick, on that loop. One conformer a loop; called once a tick and so
/// may be an existential.
public protocol RelayObserver: AnyObject {
    /// - Parameter now: when the tick ended, or a little later.
    func observe(
        messages: UnsafeBufferPointer<MessageFact>,
        events: UnsafeBufferPointer<RelayEvent>,
        at now: MonotonicNanoseconds
    )
}
