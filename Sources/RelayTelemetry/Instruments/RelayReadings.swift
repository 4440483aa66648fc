public import RelayCore
import Telemetry

/// Where a scrape finds what the relay keeps in its own tables. Each is read at every scrape, on the scraping thread:
/// O(1), without waiting for an event loop or the store's thread.
public struct RelayReadings: Sendable {
    /// Summed over the event loops.
    public struct Loops: Sendable, Equatable {
        public var connections = 0
        /// Accepted, not ended, and not in the store.
        public var messagesInFlight = 0
        public var outboxBytes = 0
        /// Handed to the store and not durable yet.
        public var committingBytes = 0

        public init() {}
    }

    /// What the store counted since it was opened.
    public struct Store: Sendable, Equatable {
        public struct Files: Sendable, Equatable {
            public var databaseBytes: Int
            public var logBytes: Int

            public init(databaseBytes: Int, logBytes: Int) {
                (self.databaseBytes, self.logBytes) = (databaseBytes, logBytes)
            }
        }

        /// What waits in a file for the store, and what passed through it.
        public struct Spill: Sendable, Equatable {
            public var messages = 0
            public var bytes = 0
            public var limitBytes = 0
            public var spilled = 0
            public var moved = 0
            /// Moved though the store had them.
            public var duplicates = 0
            /// That the store has still to make.
            public var owedRemovals = 0
            public var forgottenRemovals = 0

            public init() {}
        }

        /// What messages and pins are kept in. A closed set: it becomes a label.
        public enum Backend: String, Sendable, CaseIterable {
            case memory, sqlite, redis, postgres
        }

        public var backend = Backend.memory
        /// Of calls not answered.
        public var waitingBytes = 0
        public var inboxRefused = 0
        public var reopened = 0
        public var corruptRows = 0
        /// nil for a store that has none on this machine, from the first reading on.
        public var files: Files?
        /// Zeros without one.
        public var spill = Spill()

        public init() {}
    }

    public struct Logs: Sendable, Equatable {
        public var written: UInt64 = 0
        public var dropped: UInt64 = 0
        public var heldBack: UInt64 = 0
        public var writeErrors: UInt64 = 0
        public var followers = 0
        /// By followers.
        public var missed: UInt64 = 0

        public init() {}
    }

    /// The relay's own clock, which a step of the system's does not move at once.
    public struct Clock: Sendable, Equatable {
        /// For the age of the oldest queued message.
        public var now: UnixMilliseconds = 0
        public var jumps = 0
        public var aheadMilliseconds: Int64 = 0

        public init() {}
    }

    public struct Memory: Sendable, Equatable {
        /// 0 for no limit.
        public var limitBytes = 0
        public var level = MemoryLevel.normal

        public init() {}
    }

    public var loops: @Sendable () -> Loops
    public var store: @Sendable () -> StoreTotals
    public var counts: @Sendable () -> Store
    public var logs: @Sendable () -> Logs
    public var clock: @Sendable () -> Clock
    public var memory: @Sendable () -> Memory

    public init(
        loops: @escaping @Sendable () -> Loops,
        store: @escaping @Sendable () -> StoreTotals,
        counts: @escaping @Sendable () -> Store = { Store() },
        logs: @escaping @Sendable () -> Logs,
        clock: @escaping @Sendable () -> Clock,
        memory: @escaping @Sendable () -> Memory = { Memory() }
    ) {
        self.loops = loops
        self.store = store
        self.counts = counts
        self.logs = logs
        self.clock = clock
        self.memory = memory
    }
}

extension RelayReadings {
    func register(in registry: MetricRegistry) throws(MetricDeclarationError) {
        try registerLoops(in: registry)
        try registerStore(in: registry)
        try registerCounts(in: registry)
        try registerFiles(in: registry)
        try registerSpill(in: registry)
        try registerLogs(in: registry)
        try registerClock(in: registry)
        try registerMemory(in: registry)
    }

    private func registerMemory(in registry: MetricRegistry) throws(MetricDeclarationError) {
        let limit = try registry.gauge(RelayCatalogue.memoryLimit).shared()
        let level = try registry.gauge(RelayCatalogue.memoryLevel).shared()
        registry.beforeScrape { [memory] in
            let memory = memory()
            limit.set(Double(memory.limitBytes))
            level.set(memory.level.number)
        }
    }

    private func registerClock(in registry: MetricRegistry) throws(MetricDeclarationError) {
        let jumps = try registry.counter(RelayCatalogue.clockJumps).shared()
        let offset = try registry.gauge(RelayCatalogue.clockOffset).shared()
        registry.beforeScrape { [clock] in
            let clock = clock()
            jumps.raise(to: UInt64(max(clock.jumps, 0)))
            offset.set(Double(clock.aheadMilliseconds) / 1_000)
        }
    }

    private func registerCounts(in registry: MetricRegistry) throws(MetricDeclarationError) {
        let refused = try registry.counter(RelayCatalogue.storeInboxRefused).shared()
        let reopened = try registry.counter(RelayCatalogue.storeReopened).shared()
        let corrupt = try registry.counter(RelayCatalogue.storeCorruptRows).shared()
        let waiting = try registry.gauge(RelayCatalogue.storeWaitingBytes).shared()
        let backend = try registry.gauge(RelayCatalogue.storeBackend)
        registry.beforeScrape { [counts] in
            let counts = counts()
            refused.raise(to: UInt64(max(counts.inboxRefused, 0)))
            reopened.raise(to: UInt64(max(counts.reopened, 0)))
            corrupt.raise(to: UInt64(max(counts.corruptRows, 0)))
            waiting.set(Double(counts.waitingBytes))
            for (place, kind) in Store.Backend.allCases.enumerated() {
                backend.shared(place).set(kind == counts.backend ? 1 : 0)
            }
        }
    }

    private func registerFiles(in registry: MetricRegistry) throws(MetricDeclarationError) {
        guard counts().files != nil else { return }
        let bytes = try registry.gauge(RelayCatalogue.storeFileBytes)
        let (database, log) = (bytes.shared(0), bytes.shared(1))
        registry.beforeScrape { [counts] in
            guard let files = counts().files else { return }
            database.set(Double(files.databaseBytes))
            log.set(Double(files.logBytes))
        }
    }

    private func registerSpill(in registry: MetricRegistry) throws(MetricDeclarationError) {
        let messages = try registry.gauge(RelayCatalogue.spillMessages).shared()
        let bytes = try registry.gauge(RelayCatalogue.spillBytes).shared()
        let limit = try registry.gauge(RelayCatalogue.spillLimitBytes).shared()
        let spilled = try registry.counter(RelayCatalogue.spilled).shared()
        let moved = try registry.counter(RelayCatalogue.spillMoved).shared()
        let duplicates = try registry.counter(RelayCatalogue.spillDuplicates).shared()
        let owed = try registry.gauge(RelayCatalogue.spillOwed).shared()
        let forgotten = try registry.counter(RelayCatalogue.spillForgotten).shared()
        registry.beforeScrape { [counts] in
            let spill = counts().spill
            messages.set(Double(spill.messages))
            bytes.set(Double(spill.bytes))
            limit.set(Double(spill.limitBytes))
            spilled.raise(to: UInt64(spill.spilled))
            moved.raise(to: UInt64(spill.moved))
            duplicates.raise(to: UInt64(spill.duplicates))
            owed.set(Double(spill.owedRemovals))
            forgotten.raise(to: UInt64(spill.forgottenRemovals))
        }
    }

    private func registerLoops(in registry: MetricRegistry) throws(MetricDeclarationError) {
        let connections = try registry.gauge(RelayCatalogue.connectionsActive).shared()
        let inFlight = try registry.gauge(RelayCatalogue.messagesInFlight).shared()
        let outboxBytes = try registry.gauge(RelayCatalogue.outboxBytes).shared()
        let committingBytes = try registry.gauge(RelayCatalogue.storeCommittingBytes).shared()
        registry.beforeScrape { [loops] in
            let loops = loops()
            connections.set(Double(loops.connections))
            inFlight.set(Double(loops.messagesInFlight))
            outboxBytes.set(Double(loops.outboxBytes))
            committingBytes.set(Double(loops.committingBytes))
        }
    }

    private func registerStore(in registry: MetricRegistry) throws(MetricDeclarationError) {
        let depth = try registry.gauge(RelayCatalogue.queueDepth).shared()
        let bytes = try registry.gauge(RelayCatalogue.queueBytes).shared()
        let oldestAge = try registry.gauge(RelayCatalogue.queueOldestAge).shared()
        let whole = try registry.gauge(RelayCatalogue.storeMessages).shared()
        let recovered = try registry.counter(RelayCatalogue.messagesRecovered).shared()
        let takenOver = try registry.counter(RelayCatalogue.messagesTakenOver).shared()
        let handedOver = try registry.counter(RelayCatalogue.messagesHandedOver).shared()
        registry.beforeScrape { [store, clock] in
            let totals = store()
            depth.set(Double(totals.own?.messages ?? totals.messages))
            bytes.set(Double(totals.own?.bytes ?? totals.bytes))
            whole.set(Double(totals.messages))
            takenOver.raise(to: UInt64(max(totals.own?.takenOver ?? 0, 0)))
            handedOver.raise(to: UInt64(max(totals.own?.handedOver ?? 0, 0)))
            recovered.raise(to: UInt64(max(totals.recovered, 0)))
            let now = clock().now
            // The wall clock may have been set back since.
            let oldest = min(totals.oldestAcceptedAt ?? now, now)
            oldestAge.set(Double(now - oldest) / 1_000)
        }
    }

    private func registerLogs(in registry: MetricRegistry) throws(MetricDeclarationError) {
        let written = try registry.counter(RelayCatalogue.logRecords).shared()
        let dropped = try registry.counter(RelayCatalogue.logRecordsDropped).shared()
        let heldBack = try registry.counter(RelayCatalogue.logRecordsHeldBack).shared()
        let writeErrors = try registry.counter(RelayCatalogue.logWriteErrors).shared()
        let followers = try registry.gauge(RelayCatalogue.logFollowers).shared()
        let missed = try registry.counter(RelayCatalogue.logRecordsMissed).shared()
        registry.beforeScrape { [logs] in
            let logs = logs()
            written.raise(to: logs.written)
            dropped.raise(to: logs.dropped)
            heldBack.raise(to: logs.heldBack)
            writeErrors.raise(to: logs.writeErrors)
            followers.set(Double(logs.followers))
            missed.raise(to: logs.missed)
        }
    }
}

extension MemoryLevel {
    fileprivate var number: Double {
        switch self {
        case .normal: 0
        case .tight: 1
        case .full: 2
        }
    }
}
