/// Bounds and intervals of one relay; protocol section 10 and design section 5 give the defaults.
public struct RelaySettings: Sendable {
    public var maxConnectionsPerAgent = 5
    /// Bytes waiting towards one connection, lanes, write buffer and flush together, past which best effort is dropped.
    /// What its home has in flight to the agent comes on top, where it was sent before the watermark was heard of: at
    /// most `maxInFlightBytes`, or one message.
    public var outboxMaxBytes = 8 << 20
    public var slowConsumerGrace: MonotonicNanoseconds = .seconds(10)
    /// At-least-once messages sent to an agent and not acknowledged.
    public var maxInFlightMessages = 1_000
    public var maxInFlightBytes = 4 << 20
    /// After its write completed, unacknowledged.
    public var redeliverAfter: MonotonicNanoseconds = .seconds(30)
    /// Writes of one message to one session, the first included, before it waits for the next AUTH_OK.
    public var maxAttempts = 6
    /// How long a group commit waits for a recipient to make it needless.
    public var commitWindow: MonotonicNanoseconds = .milliseconds(2)
    /// How long removals alone wait for company: losing one costs a redelivery, never a message.
    public var removalWindow: MonotonicNanoseconds = .milliseconds(50)
    /// Bytes of messages handed to the store and not yet durable, an event loop.
    public var maxCommittingBytes = 32 << 20
    /// Bytes on their way from one event loop to another, past which the source stops reading.
    public var handOverMaxBytes = 4 << 20
    /// Envelopes up to this size are not compressed for their recipients.
    public var compressionThreshold = 256
    /// Large envelopes that an event loop has under way on other threads, what goes in and what may come out of each.
    /// Past it the next waits in its lane; one is always taken.
    public var conversionMaxBytes = 32 << 20
    /// What a TTL of 0 stands for.
    public var retentionMilliseconds: UInt64 = 168 * 3_600_000
    public var expiryInterval: MonotonicNanoseconds = .seconds(5)
    /// Whether `storeCalled` is told: for traces.
    public var tellsStoreCalls = false
    /// Longest pause of a best-effort sender, and its pauses a second.
    public var senderPause: MonotonicNanoseconds = .milliseconds(10)
    public var senderPausePerSecond: MonotonicNanoseconds = .milliseconds(100)

    public init() {}

    /// Where pauses of best-effort senders and storing instead of sending begin.
    var outboxHighWatermark: Int { outboxMaxBytes / 4 * 3 }
}

extension MonotonicNanoseconds {
    public static func seconds(_ count: UInt64) -> Self { count * 1_000_000_000 }
    public static func milliseconds(_ count: UInt64) -> Self { count * 1_000_000 }
}
