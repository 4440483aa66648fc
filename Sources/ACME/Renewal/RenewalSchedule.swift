/// When to order next. Seconds since 1970; chance is an argument, from 0 to below 1.
public struct RenewalSchedule: Sendable, Equatable {
    /// An authority that is not reached counts no attempts, so it is asked sooner than one that refused.
    private static let firstPause: [OrderFailure.Cause: Double] = [.unreachable: 5, .timeout: 30]
    private static let otherFirstPause = 60.0
    private static let maxPause: [OrderFailure.Cause: Double] = [.unreachable: 900]
    private static let otherMaxPause = 21_600.0
    /// An authority that asks for more is asked again after a day.
    private static let maxRetryAfter: Int64 = 86_400
    /// Of the lifetime: so far before two thirds of it at most, so that relays started together do not renew together.
    private static let jitter = 1.0 / 30

    public private(set) var next: Int64
    public private(set) var failures = 0

    /// Without a certificate: now.
    public init(at now: Int64) { next = now }

    /// At two thirds of the lifetime, or a little before.
    public mutating func installed(notBefore: Int64, notAfter: Int64, chance: Double) {
        let lifetime = Double(notAfter - notBefore)
        next = notBefore + Int64(lifetime * (2.0 / 3 - chance * Self.jitter))
        failures = 0
    }

    public mutating func failed(_ failure: OrderFailure, at now: Int64, chance: Double) {
        let first = Self.firstPause[failure.cause] ?? Self.otherFirstPause
        let limit = Self.maxPause[failure.cause] ?? Self.otherMaxPause
        var pause = first
        for _ in 0..<min(failures, 16) { pause *= 2 }
        pause = min(pause, limit) * (0.75 + chance / 4)
        failures += 1
        let asked = min(failure.retryAfter ?? 0, Self.maxRetryAfter)
        next = now + max(Int64(pause.rounded(.up)), asked)
    }
}
