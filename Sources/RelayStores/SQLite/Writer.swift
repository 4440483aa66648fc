import CSQLite
import RelayCore

/// The one thread that writes. What was submitted while a transaction was under way joins the next, so that one sync
/// serves it all. Batches need no savepoint of their own: limits and duplicates are outcomes, and what does fail (disk,
/// input or output, damage) fails the transaction and with it every batch in it, before anyone was told otherwise.
final class Writer {
    struct Settings {
        var path: String
        var vfs: String?
        var limits: QueueLimits
        /// A transaction takes no more jobs past this.
        var maxTransactionBytes = 8 << 20
        /// 32 MiB of log, or 16 in a file of 4 KiB pages: the pages most written to are copied once a checkpoint, not
        /// once a commit.
        var checkpointPages = 4096
        var minMessages = QueueLimits.minMessages
        /// Every removal is one that another store has to make too.
        var keepsOwed = false
        var clock: @Sendable () -> MonotonicNanoseconds

        /// A message costs memory too, 30 to 60 bytes in `KeyIndex` and `QueueDirectory`: one for each KiB of the limit
        /// in bytes, so that they take 3 to 6 % of it at most, and `minMessages` in any case.
        var maxMessages: Int { max(minMessages, limits.maxTotalBytes / 1024) }
    }

    private let settings: Settings
    private let inbox: Inbox<WriteJob>
    private let directory: QueueDirectory
    private let publication: Publication
    private var tables: StoreTables?
    private var backoff = Backoff()
    private var room = DiskRoom()
    /// Once a connection: where repairing did not help, each failing batch would repair again.
    private var hasRepaired = false
    private var lastError = SQLiteError(code: SQLITE_OK, message: "not open")
    private let keptAsideBefore: Int

    /// - Parameter keptAside: damaged rows that earlier runs put aside.
    init(
        _ settings: Settings,
        tables: StoreTables,
        keptAside: Int,
        inbox: Inbox<WriteJob>,
        directory: QueueDirectory,
        publication: Publication
    ) throws(SQLiteError) {
        self.settings = settings
        self.tables = tables
        keptAsideBefore = keptAside
        self.inbox = inbox
        self.directory = directory
        self.publication = publication
        var totals = StoreTotals()
        totals.recovered = tables.ledger.rows - keptAside
        publication.totals = totals
        publish(tables, oldest: try tables.oldestAcceptedAt())
    }

    /// Returns once the inbox is closed and what was in it is completed.
    func run() {
        while let jobs = inbox.take() {
            var rest = jobs[...]
            while !rest.isEmpty { perform(nextTransaction(&rest)) }
        }
        // The reader may still be open, and then closing would leave the log behind.
        try? tables?.connection.checkpoint(.truncate)
        tables = nil
    }

    private func nextTransaction(_ rest: inout ArraySlice<WriteJob>) -> ArraySlice<WriteJob> {
        var bytes = 0
        let jobs = rest.prefix { job in
            defer { bytes += job.byteCount }
            return bytes < settings.maxTransactionBytes
        }
        rest = rest.dropFirst(jobs.count)
        return jobs
    }

    private func perform(_ jobs: ArraySlice<WriteJob>) {
        defer { inbox.release(bytes: Self.bytes(of: jobs)) }
        attempt(jobs, again: true)
        checkpoint()
        proveRoom()
    }

    private static func bytes(of jobs: ArraySlice<WriteJob>) -> Int { jobs.reduce(0) { $0 + $1.byteCount } }

    private func attempt(_ jobs: ArraySlice<WriteJob>, again: Bool) {
        let began = settings.clock()
        guard let tables = openTables() else { return giveUp(jobs, lastError, began) }
        do {
            let answers = try transact(jobs, on: tables)
            if room.succeeded(bytes: Self.bytes(of: jobs)) { publication.succeeded(.writer) }
            for answer in answers { answer() }
        } catch {
            tables.rollBack()
            guard again, isWorthSplitting(error, jobs, on: tables) else {
                failed(error, bytes: Self.bytes(of: jobs))
                return giveUp(jobs, error, began)
            }
            for index in jobs.indices { attempt(jobs[index...index], again: false) }
        }
    }

    /// Whether the jobs are to be tried one by one, so that one that cannot succeed fails alone.
    private func isWorthSplitting(_ error: SQLiteError, _ jobs: ArraySlice<WriteJob>, on tables: StoreTables) -> Bool {
        if error.kind == .corrupt, !error.isInputOutput, !hasRepaired {
            hasRepaired = true
            return (try? tables.repair()) != nil
        }
        return jobs.count > 1 && (error.kind == .diskFull || error.kind == .corrupt || error.kind == .other)
            && !error.isInputOutput
    }

    private func transact(_ jobs: ArraySlice<WriteJob>, on tables: StoreTables) throws(SQLiteError) -> [() -> Void] {
        let started = settings.clock()
        try tables.begin()
        var answers: [() -> Void] = []
        var rows = 0
        for job in jobs { answers.append(try apply(job, on: tables, rows: &rows)) }
        let oldest = try tables.oldestAcceptedAt()
        try tables.commit()
        publish(tables, oldest: oldest)
        let ended = settings.clock()
        let (operations, changed) = (jobs.operations, rows)
        publication.count { $0.committed(operations: operations, rows: changed, nanoseconds: ended - started) }
        jobs.took(StoreWork(.sqlite, began: started, ended: ended, operations: operations))
        return answers
    }

    /// - Returns: what to tell the caller once the transaction is durable.
    private func apply(_ job: WriteJob, on tables: StoreTables, rows: inout Int) throws(SQLiteError) -> () -> Void {
        switch job {
        case .commit(let batch, _, let now, let completion):
            var outcomes: [StoreOutcome] = []
            outcomes.reserveCapacity(batch.count)
            for operation in batch { outcomes.append(try tables.apply(operation, now: now)) }
            rows += outcomes.reduce(0) { $0 + ($1.changedRow ? 1 : 0) }
            return { [outcomes] in completion(.success(outcomes)) }
        case .expire(let now, let limit, let completion):
            let expired = try tables.expire(now: now, limit: limit)
            rows += expired.count
            return { completion(.success(expired)) }
        case .purge(let recipient, let now, let limit, let completion):
            let purged = try tables.purge(recipient, now: now, limit: limit)
            rows += purged.count
            return { completion(.success(purged)) }
        case .pin(let claim, let completion):
            let result = try tables.pin(claim)
            return { completion(result) }
        case .unpin(let agent, let completion):
            let pin = try tables.unpin(agent)
            return { completion(.success(pin)) }
        case .spill(let job): return try tables.apply(job)
        case .quarantine(let suspects):
            try tables.quarantine(suspects)
            return {}
        }
    }

    private func giveUp(_ jobs: ArraySlice<WriteJob>, _ error: SQLiteError, _ began: MonotonicNanoseconds) {
        jobs.took(error.work(began: began, ended: settings.clock(), operations: jobs.operations))
        for job in jobs { job.fail(error.failure) }
    }

    /// After an error of input or output nothing this connection believes is sure any more: it is given up.
    private func failed(_ error: SQLiteError, bytes: Int = 0) {
        let now = settings.clock()
        publication.failed(.writer, error, at: now)
        lastError = error
        if error.kind == .diskFull { room.failed(bytes: bytes, at: now) }
        guard error.isInputOutput else { return }
        tables = nil
        backoff.failed(at: now)
    }

    private func openTables() -> StoreTables? {
        if let tables { return tables }
        guard backoff.allows(at: settings.clock()) else { return nil }
        do {
            let connection = try SQLiteConnection(reopening: settings.path, vfs: settings.vfs)
            // What failed may lie in the log as whole commits, which nobody was promised (`LogCheck`).
            try connection.checkpoint(.truncate)
            let reopened = try StoreTables(connection, settings, directory: directory)
            let oldest = try reopened.oldestAcceptedAt()
            backoff.succeeded()
            hasRepaired = false
            publication.count { $0.reopened += 1 }
            let known = publication.totals.messages + publication.statistics.rowsKeptAside
            publication.totals.recovered += reopened.ledger.rows - known
            publish(reopened, oldest: oldest)
            tables = reopened
        } catch {
            failed(error)
            backoff.failed(at: settings.clock())
        }
        return tables
    }

    private func publish(_ tables: StoreTables, oldest: UnixMilliseconds?) {
        let counts = tables.ledger.counts
        var totals = publication.totals
        totals.messages = counts.messages
        totals.bytes = counts.bytes
        totals.oldestAcceptedAt = oldest
        publication.totals = totals
        let keptAside = tables.ledger.rowsKeptAside
        publication.count {
            $0.rowsKeptAside = keptAside
            $0.corruptRows = keptAside - keptAsideBefore
        }
    }

    /// Between transactions on this thread: no commit is under way then, so that the log can begin anew, and nobody
    /// who was promised something waits for it.
    private func checkpoint() {
        guard let connection = tables?.connection, connection.pagesInLog > settings.checkpointPages else { return }
        do {
            try connection.checkpoint(connection.pagesInLog > 4 * settings.checkpointPages ? .restart : .passive)
            publication.count { $0.checkpoints += 1 }
        } catch {
            failed(error)
        }
    }

    /// After a full disk, in a pause of the traffic or between its batches: only this brings the store's health back.
    private func proveRoom() {
        guard let connection = tables?.connection, room.isWorthProving(at: settings.clock()) else { return }
        do {
            try connection.proveRoom(for: room.owed)
            if room.succeeded(bytes: room.owed) { publication.succeeded(.writer) }
        } catch {
            failed(error)
            room.proofFailed(at: settings.clock())
        }
    }
}

extension StoreOutcome {
    fileprivate var changedRow: Bool {
        switch self {
        case .stored, .removed: true
        case .duplicate, .refused, .absent, .failed: false
        }
    }
}
