/// A token bucket: at most `perSecond` in a second, and `burst` at once. Time is an argument.
public struct RateLimit: Sendable {
    private let perSecond: Double
    private let burst: Double
    private var tokens: Double
    private var filledAt: UInt64?

    /// - Parameter burst: as many as in a second where it is not given.
    public init(perSecond: Double, burst: Double? = nil) {
        self.perSecond = perSecond
        self.burst = max(1, burst ?? perSecond)
        tokens = self.burst
    }

    /// - Parameter now: nanoseconds of a monotonic clock.
    public mutating func take(at now: UInt64) -> Bool {
        tokens = tokens(at: now)
        filledAt = max(now, filledAt ?? 0)
        guard perSecond > 0, tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    /// As if it had never been used.
    func isFull(at now: UInt64) -> Bool { tokens(at: now) >= burst }

    private func tokens(at now: UInt64) -> Double {
        guard let last = filledAt, now > last else { return tokens }
        return min(burst, tokens + Double(now - last) / 1e9 * perSecond)
    }
}
