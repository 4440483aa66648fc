import Postgres
import RelayCore
import WireProtocol

/// The queue's tables as one transaction after the other changes them. Each begins with the lock of `totals`, which
/// every relay waits for; what is decided behind it holds for all of them.
final class LockedQueue {
    private let publication: PostgresPublication
    private let relay: RelayEntry
    /// No message lies before it.
    private var oldestSequence: Int64 = 0
    private var known = KnownQueue()
    /// Of the transaction under way: who wrote before it, and whether what is known held then.
    private var before: (writer: Int64, isKnown: Bool) = (0, false)

    /// - Parameter name: the relay's.
    init(_ publication: PostgresPublication, name: String) {
        (self.publication, relay) = (publication, RelayEntry(name: name))
    }

    func opened(_ connection: PostgresConnection) throws(PostgresFailure) {
        // Another server may be there now, with another past.
        oldestSequence = 0
        known.forget()
        var (batch, rows) = try begin(connection, QueueLimits(), [PostgresCall(QueueStatements.durability)])
        batch.takeOver { $0.isNamesake || $0.isLate }
        let calls = batch.shares.calls + [relay.seen, .oldest(from: 0), PostgresCall(QueueStatements.commit)]
        let oldest = try connection.run(calls).suffix(2).first.flatMap { note($0) }
        let settings = ["fsync", "full_page_writes"]
        let off = settings.indices.filter { rows[0].integer(0, $0) == 0 }.map { settings[$0] + " is off" }
        publication.count {
            $0.complaint = off.isEmpty ? nil : off.joined(separator: ", ") + ": the loss of power may take the queue"
        }
        publication.opened(PostgresPublication.Sums(batch, oldest: oldest))
    }

    /// Whether a batch could be written.
    func prove(_ connection: PostgresConnection) throws(PostgresFailure) {
        let statements = [QueueStatements.begin, QueueStatements.prove, QueueStatements.rollback]
        _ = try connection.run(statements.map { PostgresCall($0) })
    }

    func look(_ connection: PostgresConnection) throws(PostgresFailure) {
        let calls = [PostgresCall(QueueStatements.totals), .oldest(from: oldestSequence), relay.share]
        let rows = try connection.run(calls)
        let sums = PostgresPublication.Sums(
            messages: Int(rows[0].integer(0, 0)),
            bytes: Int(rows[0].integer(0, 1)),
            oldestAcceptedAt: note(rows[1]),
            own: rows[2].count > 0 ? QueueShare(rows[2], 0, from: 0) : QueueShare()
        )
        publication.changed(sums)
    }

    func commit(
        _ jobs: ArraySlice<WriteJob>,
        _ limits: QueueLimits,
        _ connection: PostgresConnection
    ) throws(PostgresFailure) -> (answers: [() -> Void], hasWritten: Bool) {
        var operations: [StoreOperation] = []
        var latest: UnixMilliseconds = 0
        for case .commit(let batch, _, let now, _) in jobs {
            operations += batch
            latest = max(latest, now)
        }
        let question = BatchQuestion(operations, now: latest)
        var batch = try begin(connection, limits, question)
        var answers: [() -> Void] = []
        for case .commit(let operations, _, let now, let completion) in jobs {
            let outcomes = operations.map { batch.apply($0, now: now) }
            answers.append { completion(.success(outcomes)) }
        }
        return (answers, try end(batch, connection))
    }

    func expire(
        now: UnixMilliseconds,
        limit: Int,
        _ limits: QueueLimits,
        _ connection: PostgresConnection
    ) throws(PostgresFailure) -> (keys: [MessageKey], hasWritten: Bool) {
        let at = PostgresParameters(Int64(clamping: now))
        let due = try connection.run([relay.seen, PostgresCall(QueueStatements.hasExpired, at)])
        guard due.contains(where: { $0.integer(0, 0) == 1 }) else { return ([], false) }
        var candidates = at
        candidates.append(Int64(limit))
        let calls = [PostgresCall.forget(until: now, limit: limit), PostgresCall(QueueStatements.expired, candidates)]
        return try remove(calls, now: now, limits, connection)
    }

    func purge(
        _ recipient: AgentHash,
        now: UnixMilliseconds,
        limit: Int,
        _ limits: QueueLimits,
        _ connection: PostgresConnection
    ) throws(PostgresFailure) -> (keys: [MessageKey], hasWritten: Bool) {
        let agent = PostgresParameters(recipient)
        guard try isTrue(PostgresCall(QueueStatements.hasQueued, agent), connection) else { return ([], false) }
        var candidates = agent
        candidates.append(Int64(limit))
        return try remove([PostgresCall(QueueStatements.queued, candidates)], now: now, limits, connection)
    }

    /// - Parameter candidates: the last of these finds the keys; the first may forget some that were remembered.
    private func remove(
        _ candidates: [PostgresCall],
        now: UnixMilliseconds,
        _ limits: QueueLimits,
        _ connection: PostgresConnection
    ) throws(PostgresFailure) -> (keys: [MessageKey], hasWritten: Bool) {
        var (batch, rows) = try begin(connection, limits, candidates)
        batch.takeOver(where: \.isLate)
        if candidates.count > 1 { batch.forgot(rows[0].affected, until: 0) }
        let found = rows[rows.count - 1]
        let keys = (0..<found.count).compactMap { found.key($0) }
        let question = BatchQuestion(keys.map { .remove($0) }, now: now)
        if !keys.isEmpty { question.answer(try connection.run(question.calls), into: &batch) }
        let gone = keys.filter { batch.apply(.remove($0), now: now) == .removed }
        return (gone, try end(batch, connection))
    }

    func begin(
        _ connection: PostgresConnection,
        _ limits: QueueLimits,
        _ question: BatchQuestion
    ) throws(PostgresFailure) -> QueueBatch {
        let (unknown, rest) = question.divided(by: known)
        var (batch, rows) = try begin(connection, limits, unknown.calls)
        unknown.answer(rows, into: &batch)
        if before.isKnown {
            rest.answer(from: known, into: &batch)
        } else {
            rest.answer(try connection.run(rest.calls), into: &batch)
        }
        return batch
    }

    /// - Parameter calls: what is asked behind the lock.
    func begin(
        _ connection: PostgresConnection,
        _ limits: QueueLimits,
        _ calls: [PostgresCall]
    ) throws(PostgresFailure) -> (batch: QueueBatch, answers: [PostgresRows]) {
        let first = [PostgresCall(QueueStatements.begin), PostgresCall(QueueStatements.lock), relay.all]
        let rows = try connection.run(first + calls)
        let writer = rows[1].integer(0, 7)
        before = (writer, known.holds(after: writer))
        let batch = QueueBatch(
            QueueBatch.Totals(rows[1]),
            clock: rows[1].integer(0, 6),
            limits: limits,
            relay: relay.number,
            QueueShares(rows[2], own: relay.number)
        )
        return (batch, Array(rows.dropFirst(first.count)))
    }

    /// - Parameter more: what is written beside the batch.
    /// - Returns: whether anything was.
    @discardableResult
    func end(
        _ batch: QueueBatch,
        _ connection: PostgresConnection,
        more: [PostgresCall] = []
    ) throws(PostgresFailure) -> Bool {
        let hasChanged = batch.hasChanged || !more.isEmpty
        let last = PostgresCall(hasChanged ? QueueStatements.commit : QueueStatements.rollback)
        let calls = (hasChanged ? more + batch.calls : []) + [.oldest(from: oldestSequence), last]
        let rows = try connection.run(calls)
        // The last call of a batch writes `totals`.
        known.learn(from: batch, writer: hasChanged ? rows[rows.count - 3].integer(0, 0) : before.writer)
        publication.changed(PostgresPublication.Sums(batch, oldest: note(rows[rows.count - 2])))
        return hasChanged
    }

    func isTrue(_ call: PostgresCall, _ connection: PostgresConnection) throws(PostgresFailure) -> Bool {
        try connection.run([call]).first?.integer(0, 0) == 1
    }

    /// The answer to `oldest`.
    private func note(_ rows: PostgresRows) -> UnixMilliseconds? {
        guard rows.count > 0 else { return nil }
        oldestSequence = rows.integer(0, 0)
        return rows.time(0, 1)
    }
}
