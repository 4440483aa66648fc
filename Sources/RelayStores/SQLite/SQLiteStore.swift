import NIOCore
public import RelayCore
public import WireProtocol

/// Messages and pins in one SQLite file. An acknowledged batch survives a crash and loss of power.
///
/// One thread writes and one reads; completions run on them, and what they do there delays the next transaction.
public final class SQLiteStore: MessageStore {
    private let path: String
    let maxTotalBytes: Int
    private let writes: Inbox<WriteJob>
    private let reads: Inbox<ReadJob>
    private let publication: Publication
    let threads: StoreThreads

    /// Opens the file, or creates it and its folder, and reads through all of it once: seconds for each GiB.
    /// - Parameters:
    ///   - maxInboxBytes: of payload submitted and not yet durable; over it a batch fails at once.
    ///   - keepsOwed: it is the spill of another store, which has to be told of every removal.
    public convenience init(
        path: String,
        limits: QueueLimits,
        maxInboxBytes: Int = 64 << 20,
        keepsOwed: Bool = false
    ) throws(SQLiteOpenError) {
        var settings = Writer.Settings(path: path, limits: limits) { NIODeadline.now().uptimeNanoseconds }
        settings.keepsOwed = keepsOwed
        try self.init(settings, maxInboxBytes: maxInboxBytes)
    }

    init(_ settings: Writer.Settings, maxInboxBytes: Int) throws(SQLiteOpenError) {
        var settings = settings
        let file = try StoreFile(path: settings.path)
        settings.path = file.path
        path = file.path
        maxTotalBytes = settings.limits.maxTotalBytes
        writes = Inbox(maxBytes: maxInboxBytes)
        reads = Inbox(maxBytes: maxInboxBytes)
        publication = Publication()
        threads = StoreThreads()
        let (connection, keptAside) = try file.openDatabase(vfs: settings.vfs)
        do throws(SQLiteError) {
            let directory = QueueDirectory()
            let tables = try StoreTables(connection, settings, directory: directory)
            let reader = try Reader(
                settings,
                inbox: reads,
                damaged: writes,
                directory: directory,
                publication: publication
            )
            let writer = try Writer(
                settings,
                tables: tables,
                keptAside: keptAside,
                inbox: writes,
                directory: directory,
                publication: publication
            )
            threads.keep(file)
            try threads.start("store-writer") { writer.run() }
            try threads.start("store-reader") { reader.run() }
        } catch {
            writes.close()
            throw SQLiteOpenError(path: settings.path, error)
        }
    }

    deinit {
        writes.close()
        reads.close()
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
        submit(.load(recipient, past: cursor, cut: cut, now: now, call: call, completion))
    }

    public func status(
        of recipient: AgentHash,
        completion: @escaping @Sendable (Result<QueueStatus, StoreFailure>) -> Void
    ) {
        submit(.status(recipient, completion))
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
        submit(.queues(question, completion))
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
        submit(.pinnedKey(agent, completion))
    }

    public func unpin(
        _ agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    ) {
        submit(.unpin(agent, completion))
    }

    func perform(_ job: SpillJob) { submit(.spill(job)) }

    public var totals: StoreTotals { publication.totals }

    public var health: StoreHealth { publication.health }

    /// Two system calls for the sizes of the files; the rest is memory.
    public var statistics: SQLiteStatistics {
        var statistics = publication.statistics
        let (writing, reading) = (writes.load, reads.load)
        statistics.inboxBytes = writing.bytes + reading.bytes
        statistics.inboxRefused = writing.refused + reading.refused
        statistics.databaseBytes = StoreFile.size(of: path) ?? 0
        statistics.logBytes = StoreFile.size(of: path + "-wal") ?? 0
        return statistics
    }

    public func close(completion: @escaping @Sendable () -> Void) {
        writes.close()
        reads.close()
        threads.whenAllEnded(completion)
    }

    private func submit(_ job: WriteJob) {
        switch writes.submit(job, bytes: job.byteCount) {
        case .taken: break
        case .full: job.fail(.unavailable(reason: "too much is waiting for the disk"))
        case .closed: job.fail(.closed)
        }
    }

    private func submit(_ job: ReadJob) {
        switch reads.submit(job, bytes: ReadJob.byteCount) {
        case .taken: break
        case .full: job.fail(.unavailable(reason: "too many reads are waiting"))
        case .closed: job.fail(.closed)
        }
    }
}
