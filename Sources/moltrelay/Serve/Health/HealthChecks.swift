import RelayCore
import Telemetry

/// One thing that is looked at, and how.
struct HealthProbe: Sendable {
    let check: HealthCheck
    /// O(1) in messages and connections; does not wait.
    let look: @Sendable (MonotonicNanoseconds) -> HealthReport

    /// - Parameter tiers: none for a check that only warns: it is in the details and takes no traffic away.
    init(
        _ name: String,
        _ tiers: Set<HealthTier> = [],
        failAfter: Int = 1,
        passAfter: Int = 1,
        look: @escaping @Sendable (MonotonicNanoseconds) -> HealthReport
    ) {
        check = HealthCheck(name: name, tiers: tiers, failAfter: failAfter, passAfter: passAfter, maxAge: .seconds(10))
        self.look = look
    }
}

/// Looks at everything that can be well or not, twice a second.
struct HealthChecks: Sendable {
    static let interval = Duration.milliseconds(500)

    let registry: HealthRegistry
    private let probes: [(id: HealthCheckID, look: @Sendable (MonotonicNanoseconds) -> HealthReport)]
    private let clock: @Sendable () -> MonotonicNanoseconds

    init(
        registry: HealthRegistry,
        probes: [HealthProbe],
        clock: @escaping @Sendable () -> MonotonicNanoseconds
    ) {
        self.registry = registry
        self.probes = probes.map { (registry.register($0.check, at: clock()), $0.look) }
        self.clock = clock
    }

    func report() {
        for probe in probes {
            let started = clock()
            var report = probe.look(started)
            let now = clock()
            report.latency = report.latency ?? (now - min(now, started))
            registry.report(probe.id, report, at: now)
        }
    }

    /// Until it is cancelled.
    func run() async throws {
        while true {
            report()
            try await Task.sleep(for: Self.interval)
        }
    }
}
