import Logging
import RelayCore
import RelayTelemetry
import RelayTransport
import Synchronization
import Telemetry

/// The relay's own checks: what each looks at, how often, and when it turns.
struct HealthChecks: Sendable {
    static let interval = Duration.milliseconds(500)
    /// A loop that has not turned for this long serves nobody.
    static let maxSilence: MonotonicNanoseconds = .seconds(5)

    let registry: HealthRegistry
    private let loops: DataLoops
    private let store: any MessageStore
    private let clock: @Sendable () -> MonotonicNanoseconds
    private let eventLoopsCheck: HealthCheckID
    private let storeCheck: HealthCheckID

    init(
        registry: HealthRegistry,
        loops: DataLoops,
        store: any MessageStore,
        clock: @escaping @Sendable () -> MonotonicNanoseconds
    ) {
        self.registry = registry
        self.loops = loops
        self.store = store
        self.clock = clock
        eventLoopsCheck = registry.register(
            HealthCheck(name: "event_loops", tiers: [.liveness, .readiness], failAfter: 2, maxAge: .seconds(10)),
            at: clock()
        )
        storeCheck = registry.register(
            HealthCheck(
                name: "store",
                tiers: [.readiness, .startup],
                failAfter: 2,
                passAfter: 2,
                maxAge: .seconds(10)
            ),
            at: clock()
        )
    }

    /// Looks at everything once. O(1) in messages and connections.
    func report() {
        let now = clock()
        registry.report(eventLoopsCheck, eventLoops, at: now)
        registry.report(storeCheck, storeReport, at: now)
    }

    /// Until it is cancelled.
    func run() async throws {
        while true {
            report()
            try await Task.sleep(for: Self.interval)
        }
    }

    private var eventLoops: HealthReport {
        guard let stuck = loops.loops.first(where: { $0.silence > Self.maxSilence }) else { return HealthReport(.pass) }
        let seconds = stuck.silence / .seconds(1)
        return HealthReport(.fail, reason: "event loop \(stuck.index) has not turned for \(seconds) s")
    }

    private var storeReport: HealthReport {
        switch store.health {
        case .ok: HealthReport(.pass)
        case .failing(let reason, _): HealthReport(.fail, reason: reason)
        }
    }
}

extension HealthChange {
    /// A log line and a count for each.
    func tell(_ logger: Logger, _ instruments: HealthInstruments?) {
        switch self {
        case .checkTurned(let name, _, let verdict, let reason, _):
            let isHealthy = verdict != .fail
            instruments?.turned(check: name, isHealthy: isHealthy)
            var metadata: Logger.Metadata = ["check": "\(name)", "verdict": "\(verdict.rawValue)"]
            if let reason { metadata["reason"] = "\(reason)" }
            logger.log(
                level: isHealthy ? .info : .error,
                "health check turned",
                metadata: metadata
            )
        case .latchHeld(let name, let reason, _):
            instruments?.turned(check: name, isHealthy: false)
            logger.info("readiness held", metadata: ["latch": "\(name)", "reason": "\(reason)"])
        case .latchReleased(let name, _):
            instruments?.turned(check: name, isHealthy: true)
            logger.debug("readiness latch released", metadata: ["latch": "\(name)"])
        case .tierTurned(let tier, let isHealthy, _):
            instruments?.turned(tier: tier.rawValue, isHealthy: isHealthy)
            logger.notice("health turned", metadata: ["tier": "\(tier.rawValue)", "healthy": "\(isHealthy)"])
        }
    }
}
