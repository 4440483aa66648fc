import Synchronization

/// Verdicts in, from whoever owns a check; answers out, to probes, at the cost of an uncontended lock.
///
/// Starts not ready only because of the latches it is given and of checks that have not reported. Times are nanoseconds
/// of one monotonic clock, given by the caller.
public final class HealthRegistry: Sendable {
    private let state: Mutex<HealthState>
    private let changed: @Sendable (HealthChange) -> Void

    /// - Parameters:
    ///   - latches: what holds readiness back from the start, each with the reason it gives meanwhile.
    ///   - changed: called after each change, without a lock held, on the thread that reported or read. Must not wait.
    public init(
        latches: [(name: String, reason: String)],
        at time: UInt64,
        changed: @escaping @Sendable (HealthChange) -> Void
    ) {
        self.changed = changed
        state = Mutex(HealthState(latches: latches, at: time))
    }

    public func register(_ check: HealthCheck, at time: UInt64) -> HealthCheckID {
        let (id, changes) = state.withLock { $0.register(check, at: time) }
        tell(changes)
        return id
    }

    public func report(_ id: HealthCheckID, _ report: HealthReport, at time: UInt64) {
        tell(state.withLock { $0.reported(id, report, at: time) })
    }

    /// Takes readiness away (or keeps it away) until `release`.
    public func hold(_ latch: String, reason: String, at time: UInt64) {
        tell(state.withLock { $0.held(latch, reason: reason, at: time) })
    }

    public func release(_ latch: String, at time: UInt64) {
        tell(state.withLock { $0.released(latch, at: time) })
    }

    public func isHealthy(_ tier: HealthTier, at time: UInt64) -> Bool {
        let (isHealthy, changes) = state.withLock { state in
            let changes = state.advanced(to: time)
            return (state.isHealthy(tier), changes)
        }
        tell(changes)
        return isHealthy
    }

    public func snapshot(at time: UInt64) -> HealthSnapshot {
        let (snapshot, changes) = state.withLock { state in
            let changes = state.advanced(to: time)
            return (state.snapshot(at: time), changes)
        }
        tell(changes)
        return snapshot
    }

    private func tell(_ changes: [HealthChange]) {
        for change in changes { changed(change) }
    }
}
