import DequeModule
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
    private let maxMessages: Int
    private let queue: QueueTable
    private let remembered: RememberedTable
    private let pins: PinTable
    let owed: OwedTable?
    private let directory: QueueDirectory
    private(set) var ledger: Ledger
    /// Counted anew in this transaction: what the directory becomes with it.
    private var recounted: [AgentHash: QueueDirectory.Queue]?
    /// The ledger speaks of a transaction that was rolled back.
    private var isStale = false
    private var nextSequence: Int64
    private var reservedSequences: Int64
    private var reservedBefore: Int64

    /// Reads every row of the queue.
    init(_ connection: SQLiteConnection, _ settings: Writer.Settings, directory: QueueDirectory) throws(SQLiteError) {
        self.connection = connection
        self.directory = directory
        limits = settings.limits
        maxMessages = settings.maxMessages
        queue = try QueueTable(connection)
        remembered = try RememberedTable(connection)
        pins = try PinTable(connection)
        owed = settings.keepsOwed ? try OwedTable(connection) : nil
        ledger = Ledger()
        let highest = try connection.integer("SELECT max(sequence) FROM queue") ?? 0
        reservedSequences = max(highest, try connection.integer("SELECT reserved FROM sequences") ?? 0)
        reservedBefore = reservedSequences
        nextSequence = reservedSequences + 1
        do {
            try verify(reindexing: false)
        } catch {
            guard error.isIndexMismatch else { throw error }
            try repair()
        }
    }

    func begin() throws(SQLiteError) {
        try refresh()
        try connection.execute("BEGIN IMMEDIATE")
        ledger.begin()
        reservedBefore = reservedSequences
    }

    func commit() throws(SQLiteError) {
        try connection.execute("COMMIT")
        if let recounted { directory.replace(with: recounted) }
        // After a recount these are what the same transaction did behind it.
        directory.apply(ledger.changes)
        recounted = nil
    }

    func rollBack() {
        // Nothing is lost if this fails: libsqlite3 has rolled back by itself then, or the connection is given up.
        if connection.isInTransaction { try? connection.execute("ROLLBACK") }
        reservedSequences = reservedBefore
        guard recounted != nil else { return ledger.rollBack() }
        recounted = nil
        isStale = true
    }

    /// Counts anew what a transaction that was rolled back had counted anew: to be done before the next one. Where it
    /// cannot be, the connection is to be given up.
    private func refresh() throws(SQLiteError) {
        guard isStale else { return }
        isStale = false
        do {
            try verify(reindexing: false)
        } catch {
            isStale = true
            throw error
        }
    }

    func oldestAcceptedAt() throws(SQLiteError) -> UnixMilliseconds? { try queue.oldestAcceptedAt() }

    func apply(_ operation: StoreOperation, now: UnixMilliseconds) throws(SQLiteError) -> StoreOutcome {
        switch operation {
        case .put(let message):
            return try put(message, now: now)
        case .remove(let key):
            let wasThere = try remove(key, now: now)
            try owed?.insert(key, wasAbsent: !wasThere)
            return wasThere ? .removed : .absent
        }
    }

    /// - Returns: false where there is no such message.
    func remove(_ key: MessageKey, now: UnixMilliseconds) throws(SQLiteError) -> Bool {
        guard let entry = try find(key) else { return false }
        try remove(entry, now: now)
        return true
    }

    private func put(_ message: Message, now: UnixMilliseconds) throws(SQLiteError) -> StoreOutcome {
        let key = message.key
        let exactlyOnce = message.mode == .exactlyOnce
        if try find(key) != nil { return .duplicate }
        if exactlyOnce, try remembered.contains(key, at: now) { return .duplicate }
        if let limit = ledger.counts.limit(reachedBy: key, bytes: message.byteCount, under: limits) {
            return .refused(limit)
        }
        if ledger.keys.count >= maxMessages { return .refused(.totalBytes) }
        if exactlyOnce, try !hasRoomForKey(now: now) { return .refused(.deduplicationIDs) }
        let sequence = try takeSequence()
        try queue.insert(message, sequence: sequence)
        ledger.added(QueueEntry(message, sequence: sequence))
        return .stored(sequence: sequence)
    }

    private func find(_ key: MessageKey) throws(SQLiteError) -> QueueEntry? {
        var found: QueueEntry?
        let sequence = try ledger.keys.sequence(of: key) { sequence throws(SQLiteError) in
            found = try queue.entry(sequence)
            return found?.key == key
        }
        return sequence == nil ? nil : found
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
        var expired: [MessageKey] = []
        for sequence in try queue.expired(by: now, limit: limit) {
            // A header that is not what was written is left for `load` to find.
            guard let entry = try queue.entry(sequence), try find(entry.key)?.sequence == sequence else { continue }
            try remove(entry, now: now)
            expired.append(entry.key)
        }
        return expired
    }

    /// What is committed before this transaction: a message that it puts is left.
    func purge(_ recipient: AgentHash, now: UnixMilliseconds, limit: Int) throws(SQLiteError) -> [MessageKey] {
        var purged: [MessageKey] = []
        for lane in Lane.allCases where purged.count < limit {
            for sequence in directory.sequences(of: recipient, lane, past: 0, limit: limit - purged.count) {
                guard let entry = try queue.entry(sequence), try find(entry.key)?.sequence == sequence else { continue }
                try remove(entry, now: now)
                purged.append(entry.key)
            }
        }
        return purged
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

    func unpin(_ agent: AgentHash) throws(SQLiteError) -> PinnedKey? {
        let found = try pins.find(agent)
        if case .absent = found { return nil }
        try pins.remove(agent)
        // A damaged one was counted as its column said: all are counted anew, as seldom as this is.
        ledger.pinned(anonymous: try pins.anonymousCount() - ledger.anonymousPins)
        return if case .pinned(let pin) = found { pin } else { nil }
    }

    /// Puts damaged rows aside. What they were counted as is not known any more, so everything is counted anew.
    func quarantine(_ suspects: [Int64]) throws(SQLiteError) {
        for suspect in suspects where try queue.isDamaged(suspect) { return try recount() }
    }

    /// Makes the index anew, since a row whose indexed column changed under it cannot be removed before, then puts
    /// aside every damaged row there is.
    func repair() throws(SQLiteError) { try verify(reindexing: true) }

    /// A transaction of its own, as long as the queue is large.
    private func verify(reindexing: Bool) throws(SQLiteError) {
        try begin()
        do {
            if reindexing { try connection.execute("REINDEX queue") }
            try recount()
            try commit()
        } catch {
            rollBack()
            throw error
        }
    }

    /// Reads and counts every row, and puts the damaged ones aside.
    private func recount() throws(SQLiteError) {
        var counted = Ledger(remembered: try remembered.count(), anonymousPins: try pins.anonymousCount())
        var queues: [AgentHash: QueueDirectory.Queue] = [:]
        let damaged = try queue.forEachIntact { entry in
            counted.found(entry)
            queues[entry.key.recipient, default: QueueDirectory.Queue()].add(entry)
        }
        try queue.putAside(damaged)
        counted.rowsKeptAside = try connection.rowsKeptAside()
        ledger = counted
        recounted = queues
    }
}
