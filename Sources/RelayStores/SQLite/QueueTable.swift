import NIOCore
import RelayCore
import WireProtocol

/// A row as removal needs it.
struct QueueEntry {
    var sequence: Int64
    var key: MessageKey
    /// Of payload.
    var bytes: Int
    var isExactlyOnce: Bool
}

/// The statements of the writer on the queue.
struct QueueTable {
    private static let exactlyOnce = Int64(DeliveryMode.exactlyOnce.rawValue)

    private let connection: SQLiteConnection
    private let scratch = RowBytes()
    private let rows = RowReader()
    private let insertion: SQLiteStatement
    private let lookup: SQLiteStatement
    private let deletion: SQLiteStatement
    private let expired: SQLiteStatement
    private let first: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        self.connection = connection
        insertion = try SQLiteStatement(
            "INSERT INTO queue(\(RowReader.columns)) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            on: connection
        )
        lookup = try SQLiteStatement(
            """
            SELECT sequence, length(payload), mode FROM queue INDEXED BY queue_by_key
            WHERE recipient_bits = ?1 AND id = ?2 AND sender = ?3 AND recipient = ?4
            """,
            on: connection
        )
        deletion = try SQLiteStatement("DELETE FROM queue WHERE sequence = ?1", on: connection)
        expired = try SQLiteStatement(
            """
            SELECT sequence, length(payload), mode, recipient, sender, id FROM queue INDEXED BY queue_by_expiry
            WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2
            """,
            on: connection
        )
        first = try SQLiteStatement("SELECT accepted_at FROM queue ORDER BY sequence LIMIT 1", on: connection)
    }

    func find(_ key: MessageKey) throws(SQLiteError) -> QueueEntry? {
        defer { lookup.reset() }
        scratch.set(key)
        lookup.bind(key.recipient.bits, at: 1)
        lookup.bind(scratch.id, at: 2)
        lookup.bind(scratch.sender, at: 3)
        lookup.bind(scratch.recipient, at: 4)
        return try lookup.step() ? entry(lookup, key: key) : nil
    }

    func insert(_ message: Message, key: MessageKey, sequence: Int64) throws(SQLiteError) {
        let numbers = RowNumbers(message, sequence: sequence)
        scratch.set(key)
        // The closure cannot throw a typed error through ByteBuffer, so it hands the result out.
        let result = message.payload.withUnsafeReadableBytes { payload in
            Result { () throws(SQLiteError) in try insert(numbers, key: key, payload: payload) }
        }
        try result.get()
    }

    private func insert(
        _ numbers: RowNumbers,
        key: MessageKey,
        payload: UnsafeRawBufferPointer
    ) throws(SQLiteError) {
        insertion.bind(numbers.sequence, at: 1)
        insertion.bind(numbers.lane, at: 2)
        insertion.bind(numbers.flags, at: 3)
        insertion.bind(numbers.mode, at: 4)
        insertion.bind(numbers.acceptedAt, at: 5)
        insertion.bind(numbers.expiresAt, at: 6)
        insertion.bind(Int64(scratch.checksum(numbers, payload: payload)), at: 7)
        insertion.bind(key.recipient.bits, at: 8)
        insertion.bind(scratch.recipient, at: 9)
        insertion.bind(scratch.sender, at: 10)
        insertion.bind(scratch.id, at: 11)
        insertion.bind(payload, at: 12)
        try insertion.run()
    }

    func delete(_ sequence: Int64) throws(SQLiteError) {
        deletion.bind(sequence, at: 1)
        try deletion.run()
    }

    /// Rows whose key columns cannot be read are left for `load` to find.
    func expired(by now: UnixMilliseconds, limit: Int) throws(SQLiteError) -> [QueueEntry] {
        defer { expired.reset() }
        expired.bind(Int64(clamping: now), at: 1)
        expired.bind(Int64(limit), at: 2)
        var entries: [QueueEntry] = []
        while try expired.step() {
            guard let key = rows.key(expired, from: 3) else { continue }
            entries.append(entry(expired, key: key))
        }
        return entries
    }

    /// When the message with the lowest sequence was accepted: one descent to the first leaf.
    func oldestAcceptedAt() throws(SQLiteError) -> UnixMilliseconds? {
        defer { first.reset() }
        return try first.step() ? UnixMilliseconds(clamping: first.integer(0)) : nil
    }

    /// Every row, for counting; the payloads are not read.
    func forEachEntry(_ body: (QueueEntry) -> Void) throws(SQLiteError) {
        let all = try SQLiteStatement(
            "SELECT sequence, length(payload), mode, recipient, sender, id FROM queue NOT INDEXED",
            on: connection
        )
        while try all.step() {
            guard let key = rows.key(all, from: 3) else { continue }
            body(entry(all, key: key))
        }
    }

    func damagedRows() throws(SQLiteError) -> [Int64] {
        let all = try SQLiteStatement("SELECT \(RowReader.columns) FROM queue NOT INDEXED", on: connection)
        var damaged: [Int64] = []
        while try all.step() {
            if rows.read(all) == nil { damaged.append(all.integer(0)) }
        }
        return damaged
    }

    /// Puts aside those of `suspects` that differ from what was written.
    /// - Returns: how many did.
    func quarantine(_ suspects: [Int64]) throws(SQLiteError) -> Int {
        let whole = try SQLiteStatement("SELECT \(RowReader.columns) FROM queue WHERE sequence = ?1", on: connection)
        let copy = try SQLiteStatement("INSERT INTO quarantine SELECT * FROM queue WHERE sequence = ?1", on: connection)
        var damaged = 0
        for suspect in suspects {
            whole.bind(suspect, at: 1)
            let isDamaged = try whole.step() && rows.read(whole) == nil
            whole.reset()
            guard isDamaged else { continue }
            copy.bind(suspect, at: 1)
            try copy.run()
            try delete(suspect)
            damaged += 1
        }
        return damaged
    }

    private func entry(_ statement: SQLiteStatement, key: MessageKey) -> QueueEntry {
        QueueEntry(
            sequence: statement.integer(0),
            key: key,
            bytes: Int(statement.integer(1)),
            isExactlyOnce: statement.integer(2) == Self.exactlyOnce
        )
    }
}
