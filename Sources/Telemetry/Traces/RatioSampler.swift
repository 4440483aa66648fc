/// Keeps a share of all traces, judged by the trace's id alone, so that everybody a trace passes judges alike.
public struct RatioSampler: Sendable, Equatable {
    public let ratio: Double
    @usableFromInline let bound: UInt64

    /// - Parameter ratio: 0...1; what lies outside is clamped.
    public init(ratio: Double) {
        self.ratio = min(1, max(0, ratio.isNaN ? 0 : ratio))
        bound = self.ratio >= 1 ? .max : UInt64(self.ratio * 0x1p63)
    }

    /// By the lower 63 bits, as OpenTelemetry's own ratio sampler.
    public func samples(_ trace: TraceID) -> Bool { samples(bits: trace.low) }

    /// - Parameter bits: uniform over whatever is sampled.
    @inlinable
    public func samples(bits: UInt64) -> Bool { bound == .max || bits & .max >> 1 < bound }
}
