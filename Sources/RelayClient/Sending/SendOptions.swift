public import WireProtocol

/// How a message is sent.
public struct SendOptions: Sendable {
    public var mode: DeliveryMode
    /// nil: as long as the relay's queue keeps messages. So is anything over 65,535 s; less than a second is one.
    public var timeToLive: Duration?
    /// Lower is more urgent: 0 critical, 64 high, 128 normal, 192 low, 255 bulk.
    public var priority: UInt8
    /// The envelope is end-to-end encrypted, so that compressing it is of no use.
    public var isEncrypted: Bool
    /// How long to wait for a connection and the ACK, over as many connections as it takes.
    public var timeout: Duration
    /// The same id for another try of the same message.
    public var id: MessageID
    /// Left out where the relay did not negotiate `trace-context`.
    public var trace: TraceContext?

    public init(
        mode: DeliveryMode = .atLeastOnce,
        timeToLive: Duration? = nil,
        priority: UInt8 = 128,
        isEncrypted: Bool = false,
        timeout: Duration = .seconds(30),
        id: MessageID = .random(),
        trace: TraceContext? = nil
    ) {
        self.mode = mode
        self.timeToLive = timeToLive
        self.priority = priority
        self.isEncrypted = isEncrypted
        self.timeout = timeout
        self.id = id
        self.trace = trace
    }

    var ttl: UInt16 {
        guard let timeToLive else { return 0 }
        let (seconds, attoseconds) = timeToLive.components
        return seconds > Int64(UInt16.max) ? 0 : max(UInt16(clamping: seconds), seconds < 1 && attoseconds > 0 ? 1 : 0)
    }
}
