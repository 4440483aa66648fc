import Synchronization
import Testing

@testable import Telemetry

/// A state that keeps what turned.
private final class Subject {
    private var state: HealthState
    private(set) var changes: [HealthChange] = []

    init(latches: [String] = []) {
        state = HealthState(latches: latches.map { (name: $0, reason: "not open yet") }, at: 0)
    }

    func register(_ name: String, _ tiers: Set<HealthTier>, failAfter: Int = 1, maxAge: UInt64 = 100) -> HealthCheckID {
        let check = HealthCheck(name: name, tiers: tiers, failAfter: failAfter, maxAge: maxAge)
        let (id, changed) = state.register(check, at: 0)
        changes += changed
        return id
    }

    func report(_ id: HealthCheckID, _ verdict: HealthVerdict, _ reason: String? = nil, at time: UInt64) {
        changes += state.reported(id, HealthReport(verdict, reason: reason, latency: 7), at: time)
    }

    func hold(_ latch: String, at time: UInt64) { changes += state.held(latch, reason: "SIGTERM", at: time) }

    func release(_ latch: String, at time: UInt64) { changes += state.released(latch, at: time) }

    func healthy(at time: UInt64) -> Set<HealthTier> {
        changes += state.advanced(to: time)
        return Set(HealthTier.allCases.filter(state.isHealthy))
    }

    func snapshot(at time: UInt64) -> HealthSnapshot {
        changes += state.advanced(to: time)
        return state.snapshot(at: time)
    }
}

@Suite struct HealthStateTests {
    @Test func `latches hold readiness and startup back until all are released`() {
        let subject = Subject(latches: ["configuration", "listeners"])
        #expect(subject.healthy(at: 1) == [.liveness])
        subject.release("configuration", at: 1)
        #expect(subject.healthy(at: 1) == [.liveness])
        subject.release("listeners", at: 2)
        #expect(subject.healthy(at: 2) == [.liveness, .readiness, .startup])
        #expect(
            subject.changes == [
                .latchReleased(name: "configuration", at: 1), .latchReleased(name: "listeners", at: 2),
                .tierTurned(.readiness, isHealthy: true, at: 2), .tierTurned(.startup, isHealthy: true, at: 2),
            ]
        )
    }

    @Test func `draining takes readiness away but not startup, once there`() {
        let subject = Subject()
        subject.hold("draining", at: 1)
        #expect(subject.healthy(at: 1) == [.liveness, .startup])
        subject.hold("draining", at: 2)
        #expect(subject.changes.count == 2, "holding what is held says nothing new")
        subject.release("draining", at: 3)
        subject.release("draining", at: 4)
        #expect(subject.healthy(at: 4) == [.liveness, .readiness, .startup])
        #expect(subject.changes.count == 4)
    }

    @Test func `a check that has not reported holds traffic back but kills nobody`() {
        let subject = Subject(latches: ["configuration"])
        _ = subject.register("store", [.readiness, .startup, .liveness])
        subject.release("configuration", at: 1)
        #expect(subject.healthy(at: 1) == [.liveness])
        #expect(subject.healthy(at: 99) == [.liveness])
        #expect(subject.healthy(at: 100) == [], "until it is stale")
    }

    @Test func `a failing check turns its own tiers only, and a warning none`() {
        let subject = Subject()
        let store = subject.register("store", [.readiness])
        let loops = subject.register("loops", [.liveness])
        subject.report(store, .warn, "slow", at: 1)
        subject.report(loops, .pass, at: 1)
        #expect(subject.healthy(at: 1) == [.liveness, .readiness, .startup])
        subject.report(store, .fail, "disk full", at: 2)
        #expect(subject.healthy(at: 2) == [.liveness, .startup])
        subject.report(loops, .fail, at: 3)
        #expect(subject.healthy(at: 3) == [.startup])
    }

    @Test func `a check in no tier decides nothing and is shown`() {
        let subject = Subject()
        let disk = subject.register("disk", [])
        subject.report(disk, .fail, "95 % full", at: 1)
        #expect(subject.healthy(at: 1) == [.liveness, .readiness, .startup])
        #expect(subject.snapshot(at: 1).checks.map(\.reason) == ["95 % full"])
    }

    @Test func `a report counts until its maximum age, then the check fails at once`() {
        let subject = Subject()
        let store = subject.register("store", [.readiness], failAfter: 3)
        subject.report(store, .pass, at: 50)
        #expect(subject.healthy(at: 149).contains(.readiness))
        #expect(!subject.healthy(at: 150).contains(.readiness))
        #expect(
            subject.changes.suffix(2) == [
                .checkTurned(name: "store", from: .pass, to: .fail, reason: "no report for 0 ms", at: 150),
                .tierTurned(.readiness, isHealthy: false, at: 150),
            ]
        )
        subject.report(store, .pass, at: 160)
        #expect(subject.healthy(at: 160).contains(.readiness))
    }

    @Test func `what is shown has the verdict's age, the last error and the number of turns`() throws {
        let subject = Subject()
        let store = subject.register("store", [.readiness], failAfter: 2)
        subject.report(store, .pass, at: 10)
        subject.report(store, .fail, "busy", at: 20)
        var shown = try #require(subject.snapshot(at: 25).checks.first)
        #expect(shown.verdict == .pass)
        #expect(shown.since == 10)
        #expect(shown.reason == nil)
        #expect(shown.lastError == "busy")
        #expect(shown.latency == 7)
        #expect(shown.turns == 1)
        subject.report(store, .fail, "disk full", at: 30)
        shown = try #require(subject.snapshot(at: 35).checks.first)
        #expect(shown.since == 30)
        #expect(shown.reason == "disk full")
        #expect(shown.turns == 2)
    }

    @Test func `excluding every failing item makes a tier healthy`() {
        let subject = Subject(latches: ["listeners"])
        let store = subject.register("store", [.readiness])
        subject.report(store, .fail, "disk full", at: 1)
        let snapshot = subject.snapshot(at: 1)
        let items = snapshot.items(of: .readiness)
        #expect(items.map(\.name) == ["listeners", "store"])
        #expect(items.map(\.failure) == ["not open yet", "disk full"])
        #expect(items.map(\.check) == [nil, snapshot.checks[0]])
        #expect(!snapshot.isHealthy(.readiness, excluding: ["store"]))
        #expect(snapshot.isHealthy(.readiness, excluding: ["store", "listeners"]))
    }
}

@Suite struct HealthRegistryTests {
    /// What the closure can reach of the registry that calls it.
    private final class Owner: Sendable {
        let registry = Mutex<HealthRegistry?>(nil)
        let heard = Mutex<[HealthChange]>([])

        func hear(_ change: HealthChange) {
            _ = registry.withLock { $0 }?.snapshot(at: 1)
            heard.withLock { $0.append(change) }
        }
    }

    @Test func `changes are told to the owner, who may ask back`() {
        let owner = Owner()
        let registry = HealthRegistry(latches: [("store", "opening")], at: 0) { [owner] in owner.hear($0) }
        owner.registry.withLock { $0 = registry }
        #expect(!registry.isHealthy(.readiness, at: 1))
        registry.release("store", at: 1)
        #expect(registry.isHealthy(.readiness, at: 1))
        owner.registry.withLock { $0 = nil }
        #expect(
            owner.heard.withLock { $0 } == [
                .latchReleased(name: "store", at: 1), .tierTurned(.readiness, isHealthy: true, at: 1),
                .tierTurned(.startup, isHealthy: true, at: 1),
            ]
        )
    }
}
