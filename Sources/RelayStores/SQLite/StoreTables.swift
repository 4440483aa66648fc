import RelayCore
import WireProtocol

/// The tables of one open connection and what is known of them: where operations become rows. Every function runs
/// inside the writer's transaction.
final class StoreTables {
    /// A restart skips what is left of a reservation, so that one row is written a million sequences, not each.
    private static let sequenceReservation: Int64 = 1 << 20
    /// Lapsed keys forgotten to make room for one, at most.
    private static let lapsedKeysAtOnce = 1000

    let connection: SQLiteConnection
    private let limits: QueueLimits
    private let queue: QueueTable
    private let remembered: RememberedTable
    private let pins: PinTable
    private(set) var ledger: Ledger
    private var nextSequence: Int64
    private var reservedSequences: Int64
    private var reservedBefore: Int64

    init(_ connection: SQLiteConnection, limits: QueueLimits) throws(SQLiteError) {
        self.connection = connection
        self.limits = limits
        queue = try QueueTable(connection)
        remembered = try RememberedTable(connection)
        pins = try PinTable(connection)
        ledger = try Self.count(connection, queue, remembered, pins)
        let highest = try connection.integer("SELECT max(sequence) FROM queue") ?? 0
        reservedSequences = max(highest, try connection.integer("SELECT reserved FROM sequences") ?? 0)
        reservedBefore = reservedSequences
        nextSequence = reservedSequences + 1
    }

    private static func count(
        _ connection: SQLiteConnection,
        _ queue: QueueTable,
        _ remembered: RememberedTable,
        _ pins: PinTable
    ) throws(SQLiteError) -> Ledger {
        let corruptRows = Int(try connection.integer("SELECT count(*) FROM quarantine") ?? 0)
        return try Ledger(countingQueue: queue, remembered: remembered, pins: pins, corruptRows: corruptRows)
    }

    func begin() throws(SQLiteError) {
        try connection.execute("BEGIN IMMEDIATE")
        ledger.begin()
        reservedBefore = reservedSequences
    }

    func commit() throws(SQLiteError) { try connection.execute("COMMIT") }

    func rollBack() {
        // Nothing is lost if this fails: libsqlite3 has rolled back by itself then, or the connection is given up.
        if connection.isInTransaction { try? connection.execute("ROLLBACK") }
        ledger.rollBack()
        reservedSequences = reservedBefore
    }

    func oldestAcceptedAt() throws(SQLiteError) -> UnixMilliseconds? { try queue.oldestAcceptedAt() }

    func apply(_ operation: StoreOperation, now: UnixMilliseconds) throws(SQLiteError) -> StoreOutcome {
        switch operation {
        case .put(let message):
            return try put(message, now: now)
        case .remove(let key):
            guard let entry = try queue.find(key) else { return .absent }
            try remove(entry, now: now)
            return .removed
        }
    }

    private func put(_ message: Message, now: UnixMilliseconds) throws(SQLiteError) -> StoreOutcome {
        let key = message.key
        let exactlyOnce = message.mode == .exactlyOnce
        if try queue.find(key) != nil { return .duplicate }
        if exactlyOnce, try remembered.contains(key, at: now) { return .duplicate }
        if let limit = ledger.counts.limit(reachedBy: key, bytes: message.byteCount, under: limits) {
            return .refused(limit)
        }
        if exactlyOnce, try !hasRoomForKey(now: now) { return .refused(.deduplicationIDs) }
        let sequence = try takeSequence()
        try queue.insert(message, key: key, sequence: sequence)
        ledger.added(key, bytes: message.byteCount, exactlyOnce: exactlyOnce)
        return .stored(sequence: sequence)
    }

    private func hasRoomForKey(now: UnixMilliseconds) throws(SQLiteError) -> Bool {
        if ledger.deduplicationIDs < limits.deduplicationMaxIDs { return true }
        try forgetLapsed(now: now, limit: Self.lapsedKeysAtOnce)
        return ledger.deduplicationIDs < limits.deduplicationMaxIDs
    }

    private func takeSequence() throws(SQLiteError) -> Int64 {
        if nextSequence > reservedSequences {
            reservedSequences = nextSequence + Self.sequenceReservation
            try connection.execute("UPDATE sequences SET reserved = \(reservedSequences)")
        }
        defer { nextSequence += 1 }
        return nextSequence
    }

    private func remove(_ entry: QueueEntry, now: UnixMilliseconds) throws(SQLiteError) {
        try queue.delete(entry.sequence)
        var isNew = false
        if entry.isExactlyOnce {
            isNew = try remembered.insert(entry.key, until: now + QueueLimits.deduplicationWindow)
        }
        ledger.removed(entry, remembered: isNew)
    }

    func expire(now: UnixMilliseconds, limit: Int) throws(SQLiteError) -> [MessageKey] {
        try forgetLapsed(now: now, limit: limit)
        let expired = try queue.expired(by: now, limit: limit)
        for entry in expired { try remove(entry, now: now) }
        return expired.map(\.key)
    }

    private func forgetLapsed(now: UnixMilliseconds, limit: Int) throws(SQLiteError) {
        ledger.forgot(try remembered.forget(until: now, limit: limit))
    }

    func pin(_ claim: KeyClaim) throws(SQLiteError) -> Result<KeyClaimOutcome, StoreFailure> {
        let existing: PinnedKey?
        switch try pins.find(claim.agent) {
        case .absent: existing = nil
        case .pinned(let pin): existing = pin
        case .damaged: return .failure(.unavailable(reason: "the pin of this agent is damaged"))
        }
        let verdict = claim.verdict(on: existing, anonymousPins: ledger.anonymousPins)
        guard case .write(let pin) = verdict else { return .success(verdict.outcome) }
        try pins.write(pin, of: claim.agent)
        let wasAnonymous = existing.map { $0.org == nil } ?? false
        ledger.pinned(anonymous: (pin.org == nil ? 1 : 0) - (wasAnonymous ? 1 : 0))
        return .success(verdict.outcome)
    }

    /// Puts damaged rows aside, and counts anew where there were any: their columns are not what was counted when they
    /// came.
    func quarantine(_ suspects: [Int64]) throws(SQLiteError) {
        guard try queue.quarantine(suspects) > 0 else { return }
        try recount()
    }

    /// Makes the indexes anew, since a row whose indexed columns changed under it cannot be removed before, then puts
    /// aside every damaged row there is. A transaction of its own, as long as the queue is large.
    func repair() throws(SQLiteError) {
        try begin()
        do {
            try connection.execute("REINDEX queue")
            try quarantine(try queue.damagedRows())
            try commit()
        } catch {
            rollBack()
            throw error
        }
    }

    private func recount() throws(SQLiteError) {
        ledger = try Self.count(connection, queue, remembered, pins)
    }
}
