import Postgres
import RelayCore
import WireProtocol

/// The queue's tables as one transaction after the other changes them. Each begins with the lock of `totals`, which
/// every relay waits for; what is decided behind it holds for all of them.
final class LockedQueue {
    private let publication: PostgresPublication
    /// No message lies before it.
    private var oldestSequence: Int64 = 0

    init(_ publication: PostgresPublication) { self.publication = publication }

    func opened(_ connection: PostgresConnection) throws(PostgresFailure) {
        // Another server may be there now, with another past.
        oldestSequence = 0
        let calls = [PostgresCall(QueueStatements.totals), .oldest(from: 0), PostgresCall(QueueStatements.durability)]
        let rows = try connection.run(calls)
        let (messages, bytes) = (Int(rows[0].integer(0, 0)), Int(rows[0].integer(0, 1)))
        let settings = ["fsync", "full_page_writes"]
        let off = settings.indices.filter { rows[2].integer(0, $0) == 0 }.map { settings[$0] + " is off" }
        publication.count {
            $0.complaint = off.isEmpty ? nil : off.joined(separator: ", ") + ": the loss of power may take the queue"
        }
        publication.opened(messages: messages, bytes: bytes, oldest: note(rows[1]))
    }

    /// Whether a batch could be written.
    func prove(_ connection: PostgresConnection) throws(PostgresFailure) {
        let statements = [QueueStatements.begin, QueueStatements.prove, QueueStatements.rollback]
        _ = try connection.run(statements.map { PostgresCall($0) })
    }

    func look(_ connection: PostgresConnection) throws(PostgresFailure) {
        let rows = try connection.run([PostgresCall(QueueStatements.totals), .oldest(from: oldestSequence)])
        let (messages, bytes) = (Int(rows[0].integer(0, 0)), Int(rows[0].integer(0, 1)))
        publication.changed(messages: messages, bytes: bytes, oldest: note(rows[1]))
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
        guard try isTrue(PostgresCall(QueueStatements.hasExpired, at), connection) else { return ([], false) }
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
        let calls = [PostgresCall(QueueStatements.begin), PostgresCall(QueueStatements.lock)] + candidates
        let rows = try connection.run(calls)
        var batch = QueueBatch(QueueBatch.Totals(rows[1]), clock: rows[1].integer(0, 6), limits: limits)
        if candidates.count > 1 { batch.forgot(rows[2].affected, until: 0) }
        let found = rows[rows.count - 1]
        let keys = (0..<found.count).compactMap { found.key($0) }
        let question = BatchQuestion(keys.map { .remove($0) }, now: now)
        if !keys.isEmpty { question.answer(try connection.run(question.calls)[...], into: &batch) }
        let gone = keys.filter { batch.apply(.remove($0), now: now) == .removed }
        return (gone, try end(batch, connection))
    }

    func begin(
        _ connection: PostgresConnection,
        _ limits: QueueLimits,
        _ question: BatchQuestion
    ) throws(PostgresFailure) -> QueueBatch {
        let calls = [PostgresCall(QueueStatements.begin), PostgresCall(QueueStatements.lock)] + question.calls
        let rows = try connection.run(calls)
        var batch = QueueBatch(QueueBatch.Totals(rows[1]), clock: rows[1].integer(0, 6), limits: limits)
        question.answer(rows[2...], into: &batch)
        return batch
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
        let calls = (hasChanged ? batch.calls + more : []) + [.oldest(from: oldestSequence), last]
        let rows = try connection.run(calls)
        let oldest = note(rows[rows.count - 2])
        publication.changed(messages: batch.totals.messages, bytes: batch.totals.bytes, oldest: oldest)
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
