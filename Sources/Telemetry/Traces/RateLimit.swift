/// A token bucket: at most `perSecond` in a second, and as many at once. Time is an argument.
public struct RateLimit: Sendable {
    private let perSecond: Double
    private var tokens: Double
    private var filledAt: UInt64?

    public init(perSecond: Double) {
        self.perSecond = perSecond
        tokens = max(1, perSecond)
    }

    /// - Parameter now: nanoseconds of a monotonic clock.
    public mutating func take(at now: UInt64) -> Bool {
        if let last = filledAt, now > last {
            tokens = min(max(1, perSecond), tokens + Double(now - last) / 1e9 * perSecond)
        }
        filledAt = max(now, filledAt ?? 0)
        guard perSecond > 0, tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
