public import RelayCore

/// What is traced.
public struct TraceSettings: Sendable, Equatable {
    /// 0...1 of the messages.
    public var ratio: Double
    /// A message that took longer from its last byte to its recipient's socket is slow; what it waited in the queue for
    /// an absent recipient is not counted.
    public var slow: MonotonicNanoseconds
    /// Of messages sampled by ratio, and as many again for a sender's wish and for an operator's.
    public var perSecond: Double
    /// Of slow messages, and as many again of failed ones.
    public var tailPerSecond: Double

    public init(
        ratio: Double = 0.01,
        slow: MonotonicNanoseconds = .milliseconds(100),
        perSecond: Double = 100,
        tailPerSecond: Double = 10
    ) {
        self.ratio = ratio
        self.slow = slow
        self.perSecond = perSecond
        self.tailPerSecond = tailPerSecond
    }

    func rate(of reason: TraceReason) -> Double {
        switch reason {
        case .ratio, .parent, .forced: perSecond
        case .slow, .failed: tailPerSecond
        }
    }
}
