public import Postgres
public import RelayCore
public import WireProtocol

/// Messages and pins in a PostgreSQL database that other relays may share. What an acknowledged batch survives is the
/// server's `synchronous_commit` and `fsync` (docs/postgres.md).
///
/// One thread writes and a few read, each on a connection of its own; completions run on them.
public final class PostgresStore: MessageStore {
    private let writes: Inbox<WriteJob>
    private let reads: [Inbox<ReadJob>]
    private let publication = PostgresPublication()
    private let threads = StoreThreads()

    /// Readers that are of use: the server's cores are busy with the writer too, and a page takes well under a
    /// millisecond of one.
    private static let mostReaders = 4

    /// Returns also where the server is away: the store then fails until it comes.
    /// - Parameters:
    ///   - migrates: makes the tables, and those of an older relay current.
    ///   - name: of the relay, which no other on this queue has: what it counted before a restart is its own.
    ///   - maxConnections: at least two.
    ///   - maxInboxBytes: of payload submitted and not yet durable; over it a batch fails at once.
    /// - Throws: `PostgresFailure.refused` where trying again changes nothing.
    public static func open(
        _ settings: PostgresSettings,
        migrates: Bool = true,
        limits: QueueLimits,
        name: String = "",
        maxConnections: Int = 50,
        maxInboxBytes: Int = 64 << 20
    ) async throws(PostgresFailure) -> PostgresStore {
        let readers = min(max(1, maxConnections - 1), mostReaders)
        let store = PostgresStore(readers: readers, maxInboxBytes: maxInboxBytes)
        let first = await withCheckedContinuation { continuation in
            store.start(settings, migrates, limits, name) { continuation.resume(returning: $0) }
        }
        guard let first, first.isFinal else { return store }
        await withCheckedContinuation { continuation in store.close { continuation.resume() } }
        throw first
    }

    /// The version of the tables there, nil for none, and the one this relay works with.
    public static func versions(_ settings: PostgresSettings) throws(PostgresFailure) -> (found: Int64?, known: Int64) {
        let connection = try PostgresLink(settings, session: PostgresSchema.session(settings.schema)).take()
        return (try PostgresSchema.found(on: connection, settings.schema), PostgresSchema.version)
    }

    /// Makes the tables, and those of an older relay current.
    public static func migrate(_ settings: PostgresSettings) throws(PostgresFailure) {
        let connection = try PostgresLink(settings, session: PostgresSchema.session(settings.schema)).take()
        try PostgresSchema.prepare(connection, settings.schema, migrates: true)
    }

    private init(readers: Int, maxInboxBytes: Int) {
        writes = Inbox(maxBytes: maxInboxBytes)
        reads = (0..<readers).map { _ in Inbox(maxBytes: maxInboxBytes / readers) }
    }

    private func start(
        _ settings: PostgresSettings,
        _ migrates: Bool,
        _ limits: QueueLimits,
        _ name: String,
        _ tried: @escaping @Sendable (PostgresFailure?) -> Void
    ) {
        let (writes, publication) = (writes, publication)
        do throws(SQLiteError) {
            for inbox in reads {
                try threads.start("store-reader") {
                    PostgresReader(settings, inbox: inbox, publication: publication).run()
                }
            }
            try threads.start("store-writer") {
                PostgresWriter(
                    settings,
                    migrates: migrates,
                    limits: limits,
                    name: name,
                    inbox: writes,
                    publication: publication,
                    tried: tried
                ).run()
            }
        } catch {
            tried(.refused(error.message))
        }
    }

    deinit {
        writes.close()
        for inbox in reads { inbox.close() }
    }

    public func commit(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        call: StoreCall?,
        completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    ) {
        submit(.commit(batch, Submission(batch, call), now: now, completion))
    }

    public func load(
        _ recipient: AgentHash,
        past cursor: QueueCursor,
        maxMessages: Int,
        maxBytes: Int,
        now: UnixMilliseconds,
        call: StoreCall?,
        completion: @escaping @Sendable (Result<QueuePage, StoreFailure>) -> Void
    ) {
        let cut = PageCut(maxMessages: maxMessages, maxBytes: maxBytes)
        submit(.load(recipient, past: cursor, cut: cut, now: now, call: call, completion), about: recipient)
    }

    public func status(
        of recipient: AgentHash,
        completion: @escaping @Sendable (Result<QueueStatus, StoreFailure>) -> Void
    ) {
        submit(.status(recipient, completion), about: recipient)
    }

    public func expire(
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        submit(.expire(now: now, limit: limit, completion))
    }

    public func pin(
        _ claim: KeyClaim,
        completion: @escaping @Sendable (Result<KeyClaimOutcome, StoreFailure>) -> Void
    ) {
        submit(.pin(claim, completion))
    }

    public func queues(
        _ question: QueueListQuestion,
        completion: @escaping @Sendable (Result<QueueList, StoreFailure>) -> Void
    ) {
        submit(.queues(question, completion), about: nil)
    }

    public func purge(
        _ recipient: AgentHash,
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        submit(.purge(recipient, now: now, limit: limit, completion))
    }

    public func pinnedKey(
        of agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    ) {
        submit(.pinnedKey(agent, completion), about: agent)
    }

    public func unpin(
        _ agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    ) {
        submit(.unpin(agent, completion))
    }

    public var totals: StoreTotals { publication.totals }

    public var health: StoreHealth { publication.health }

    public var statistics: PostgresStatistics {
        var statistics = publication.statistics
        for load in [writes.load] + reads.map(\.load) {
            statistics.bytesInFlight += load.bytes
            statistics.refused += load.refused
        }
        return statistics
    }

    public func close(completion: @escaping @Sendable () -> Void) {
        writes.close()
        for inbox in reads { inbox.close() }
        threads.whenAllEnded(completion)
    }

    private func submit(_ job: WriteJob) {
        switch writes.submit(job, bytes: job.byteCount) {
        case .taken: break
        case .full: job.fail(.unavailable(reason: "too much is waiting for PostgreSQL"))
        case .closed: job.fail(.closed)
        }
    }

    /// - Parameter agent: whose calls one thread answers, so that a mass of them is spread.
    private func submit(_ job: ReadJob, about agent: AgentHash?) {
        let inbox = reads[Int((agent?.uniformBits ?? 0) % UInt64(reads.count))]
        switch inbox.submit(job, bytes: ReadJob.byteCount) {
        case .taken: break
        case .full: job.fail(.unavailable(reason: "too many reads are waiting"))
        case .closed: job.fail(.closed)
        }
    }
}
