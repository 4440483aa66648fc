/// The worse, the greater.
public enum HealthVerdict: String, Sendable, Comparable, CaseIterable {
    case pass
    /// Worth a look; traffic goes on.
    case warn
    case fail

    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.severity < rhs.severity }

    private var severity: Int {
        switch self {
        case .pass: 0
        case .warn: 1
        case .fail: 2
        }
    }
}

/// What a probe asks. A check in no tier is shown in detail only.
public enum HealthTier: String, Sendable, CaseIterable {
    /// Would a new process help? Never storage or peers.
    case liveness
    /// Should traffic come here now?
    case readiness
    /// Was everything up once? Stays true from then on.
    case startup
}

/// Something that can be well or not, whose owner finds out in the background and reports it.
public struct HealthCheck: Sendable {
    public var name: String
    public var tiers: Set<HealthTier>
    /// Results in a row it takes to turn worse, at least 1.
    public var failAfter: Int
    /// Results in a row it takes to turn better, at least 1.
    public var passAfter: Int
    /// Nanoseconds after which a report counts no more and the check fails as stale.
    public var maxAge: UInt64

    public init(name: String, tiers: Set<HealthTier>, failAfter: Int = 3, passAfter: Int = 1, maxAge: UInt64) {
        self.name = name
        self.tiers = tiers
        self.failAfter = max(failAfter, 1)
        self.passAfter = max(passAfter, 1)
        self.maxAge = maxAge
    }
}

/// One result of a check.
public struct HealthReport: Sendable, Equatable {
    /// A number that the verdict rests on.
    public struct Observed: Sendable, Equatable {
        public var value: Double
        /// `bytes`, `s` and the like; empty for a plain count.
        public var unit: String

        public init(_ value: Double, unit: String = "") {
            self.value = value
            self.unit = unit
        }
    }

    public var verdict: HealthVerdict
    /// Why it is not a pass.
    public var reason: String?
    /// Nanoseconds it took what is checked to answer last, or else the check.
    public var latency: UInt64?
    public var observed: Observed?

    public init(_ verdict: HealthVerdict, reason: String? = nil, latency: UInt64? = nil, observed: Observed? = nil) {
        self.verdict = verdict
        self.reason = reason
        self.latency = latency
        self.observed = observed
    }
}

/// A check of one registry.
public struct HealthCheckID: Sendable, Equatable {
    let index: Int
}

/// Something turned. Each is worth a log line and a count. Times are nanoseconds of the clock the reports use.
public enum HealthChange: Sendable, Equatable {
    /// `from` is nil at the first report.
    case checkTurned(name: String, from: HealthVerdict?, to: HealthVerdict, reason: String?, at: UInt64)
    case latchHeld(name: String, reason: String, at: UInt64)
    case latchReleased(name: String, at: UInt64)
    case tierTurned(HealthTier, isHealthy: Bool, at: UInt64)
}
