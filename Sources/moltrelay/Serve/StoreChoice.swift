import Logging
import RelayCore
import RelayStores
import RelayTelemetry

/// The store that the configuration names. It keeps the pinned keys also where nothing is queued.
struct StoreChoice {
    let kind: String
    let store: any MessageStore
    /// nil where `queue.enabled` is false.
    let queue: (any MessageStore)?
    /// Beside the bound in bytes; nil for none.
    let maxMessages: Int?
    /// It is another program, which may be away while the relay starts.
    let isRemote: Bool
    /// Beside such a store, where the configuration names a file for it.
    let spill: SpillingStore?
    /// Where security events are kept beside the queue.
    let audit: AuditTable?
    private let counted: @Sendable () -> StoreCounts?

    /// Returns also where a server is away: the store then fails until it comes.
    /// - Throws: what trying again would not change.
    init(_ configuration: Configuration, _ logger: Logger) async throws {
        let limits = configuration.queueLimits
        switch configuration.queue.storage {
        case .memory:
            self.init(configuration, MemoryStore(limits: limits)) { nil }
        case .sqlite:
            let store = try SQLiteStore(path: configuration.storage.sqlite.path, limits: limits)
            self.init(configuration, store, maxMessages: limits.maxMessages) { StoreCounts(store.statistics) }
        case .redis:
            let (redis, statistics) =
                try await configuration.storage.redis.open(limits, name: configuration.auth.relayID, logger)
            let spill = try await configuration.storage.spill.open(over: redis, limits)
            self.init(configuration, spill ?? redis, isRemote: true, spill: spill) { StoreCounts(statistics()) }
        case .postgres:
            let postgres = try await configuration.storage.postgres.open(limits, name: configuration.auth.relayID)
            let spill = try await configuration.storage.spill.open(over: postgres, limits)
            let audit = try configuration.storage.postgres.auditTable(logger)
            self.init(configuration, spill ?? postgres, isRemote: true, spill: spill, audit: audit) {
                StoreCounts(postgres.statistics)
            }
        }
    }

    /// - Parameter counted: nil for a store where nothing becomes durable.
    private init(
        _ configuration: Configuration,
        _ store: any MessageStore,
        maxMessages: Int? = nil,
        isRemote: Bool = false,
        spill: SpillingStore? = nil,
        audit: AuditTable? = nil,
        counted: @escaping @Sendable () -> StoreCounts?
    ) {
        kind = configuration.queue.storage.rawValue
        self.store = store
        queue = configuration.queue.enabled ? store : nil
        self.maxMessages = maxMessages
        self.isRemote = isRemote
        self.spill = spill
        self.audit = audit
        self.counted = counted
    }
}

extension StoreChoice {
    /// The audit log last: it has what ending says.
    func close() async {
        await withCheckedContinuation { continuation in store.close { continuation.resume() } }
        guard let audit else { return }
        await withCheckedContinuation { continuation in audit.close { continuation.resume() } }
    }

    /// Rows put aside because they were not what was written, by this start or earlier ones.
    var rowsKeptAside: Int { counted()?.rowsKeptAside ?? 0 }

    func traceMoves(in traces: MessageTraces, _ clock: @escaping @Sendable () -> MonotonicNanoseconds) {
        spill?.tellMoves { traces.moved($0, at: clock()) }
    }

    var isDurable: Bool { counted() != nil }

    /// Those that became durable, and how long the last took; nil where none did, or nothing is.
    var commits: (count: Int, last: MonotonicNanoseconds)? {
        counted().flatMap { $0.commits > 0 ? ($0.commits, $0.lastCommit) : nil }
    }

    /// What is wrong with a store that does what it is told.
    var complaint: String? { counted()?.complaint }

    /// For scrapes. Damage found by earlier runs is not this one's.
    var readings: @Sendable () -> RelayReadings.Store {
        let backend = RelayReadings.Store.Backend(rawValue: kind) ?? .memory
        return { [counted, spill] in
            var readings = counted()?.readings ?? RelayReadings.Store()
            readings.backend = backend
            guard let statistics = spill?.statistics else { return readings }
            readings.corruptRows += statistics.corruptRows
            readings.spill = .init(statistics)
            return readings
        }
    }
}

/// What a durable store counted since it was opened, of whatever kind.
struct StoreCounts: Sendable {
    var commits: Int
    var lastCommit: MonotonicNanoseconds
    var rowsKeptAside = 0
    var complaint: String?
    var readings = RelayReadings.Store()

    init(_ statistics: SQLiteStatistics) {
        commits = statistics.commits
        lastCommit = statistics.lastCommitNanoseconds
        rowsKeptAside = statistics.rowsKeptAside
        readings.inboxRefused = statistics.inboxRefused
        readings.waitingBytes = statistics.inboxBytes
        readings.reopened = statistics.reopened
        readings.corruptRows = statistics.corruptRows
        readings.files = .init(databaseBytes: statistics.databaseBytes, logBytes: statistics.logBytes)
    }

    init(_ statistics: RedisStatistics) {
        commits = statistics.commits
        lastCommit = statistics.lastCommitNanoseconds
        readings.inboxRefused = statistics.refused
        readings.waitingBytes = statistics.bytesInFlight
        readings.reopened = max(0, statistics.connections - 1)
        readings.corruptRows = statistics.corruptRows
        complaint = statistics.policy?.complaint
    }

    init(_ statistics: PostgresStatistics) {
        commits = statistics.commits
        lastCommit = statistics.lastCommitNanoseconds
        readings.inboxRefused = statistics.refused
        readings.waitingBytes = statistics.bytesInFlight
        readings.reopened = max(0, statistics.connections - 1)
        readings.corruptRows = statistics.corruptRows
        complaint = statistics.complaint
    }
}

extension RelayReadings.Store.Spill {
    fileprivate init(_ statistics: SpillStatistics) {
        self.init()
        (messages, bytes, limitBytes) = (statistics.messages, statistics.bytes, statistics.limitBytes)
        (spilled, moved, duplicates) = (statistics.spilled, statistics.moved, statistics.duplicates)
        (owedRemovals, forgottenRemovals) = (statistics.owedRemovals, statistics.forgottenRemovals)
    }
}

extension Configuration.Storage.Spill {
    /// - Returns: nil where nothing is to be spilled.
    fileprivate func open(over primary: any MessageStore, _ limits: QueueLimits) async throws -> SpillingStore? {
        guard let path else { return nil }
        var own = limits
        own.maxTotalBytes = maxSizeBytes
        let file = try SQLiteStore(path: path, limits: own, keepsOwed: true)
        do throws(StoreFailure) {
            return try await SpillingStore.open(primary, spill: file, maxTotalBytes: limits.maxTotalBytes)
        } catch {
            throw StartError(text: "storage.spill.path: \(path) cannot be read: \(error)")
        }
    }
}

/// Why the relay did not start, in words for the one who started it.
struct StartError: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}
