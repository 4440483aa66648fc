/// One second of a relay's life, or what passed for one.
public struct RelaySample: Sendable, Equatable {
    /// Counted from the relay's start; the next second's is one more.
    public var number: UInt64
    /// Messages a second.
    public var rates: MessageRatesByFate
    /// In seconds; nil where no message was written to a connected recipient.
    public var medianLatency: Double?
    public var p99Latency: Double?
    public var connections: Int
    public var queued: Int
    public var inFlight: Int
}

/// Messages a second.
public struct MessageRatesByFate: Sendable, Equatable {
    public var accepted = 0.0
    public var delivered = 0.0
    public var expired = 0.0
    public var dropped = 0.0
}

/// How long something took, in seconds.
public struct Quantiles: Sendable, Equatable {
    public var count: UInt64
    /// nil where nothing was counted.
    public var p50, p95, p99: Double?
}

/// The last seconds together.
public struct RelayWindow: Sendable, Equatable {
    public var seconds: Double
    public var rates: MessageRatesByFate
    /// From a message's arrival to its write to a recipient who was connected.
    public var latency: Quantiles
    /// By name, in the order of a message's way.
    public var stages: [Stage]

    public struct Stage: Sendable, Equatable {
        public var name: String
        public var quantiles: Quantiles
    }
}
