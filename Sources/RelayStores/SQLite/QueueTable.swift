import NIOCore
import RelayCore
import WireProtocol

/// The statements of the writer on the queue.
struct QueueTable {
    private let connection: SQLiteConnection
    private let insertion: SQLiteStatement
    private let lookup: SQLiteStatement
    private let deletion: SQLiteStatement
    private let expired: SQLiteStatement
    private let first: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        self.connection = connection
        insertion = try SQLiteStatement(
            "INSERT INTO queue(\(StoredRow.columns)) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            on: connection
        )
        lookup = try SQLiteStatement(
            "SELECT \(StoredRow.entryColumns) FROM queue WHERE sequence = ?1",
            on: connection
        )
        deletion = try SQLiteStatement("DELETE FROM queue WHERE sequence = ?1", on: connection)
        // The index has no checksum: the row says whether its time has come.
        expired = try SQLiteStatement(
            """
            SELECT row.sequence FROM queue AS entry INDEXED BY queue_by_expiry
            CROSS JOIN queue AS row NOT INDEXED ON row.sequence = entry.sequence
            WHERE entry.expires_at <= ?1 AND row.expires_at <= ?1 ORDER BY entry.expires_at LIMIT ?2
            """,
            on: connection
        )
        first = try SQLiteStatement("SELECT accepted_at FROM queue ORDER BY sequence LIMIT 1", on: connection)
    }

    /// nil where there is no such row, or its header is not one at all.
    func entry(_ sequence: Int64) throws(SQLiteError) -> QueueEntry? {
        defer { lookup.reset() }
        lookup.bind(sequence, at: 1)
        return try lookup.step() ? StoredRow.entry(lookup) : nil
    }

    func insert(_ message: Message, sequence: Int64) throws(SQLiteError) {
        let numbers = RowNumbers(message, sequence: sequence)
        // The closure cannot throw a typed error through ByteBuffer, so it hands the result out.
        let result = message.payload.withUnsafeReadableBytes { payload in
            Result { () throws(SQLiteError) in try insert(numbers, payload: payload) }
        }
        try result.get()
    }

    func insert(_ numbers: RowNumbers, payload: UnsafeRawBufferPointer) throws(SQLiteError) {
        insertion.bind(numbers.sequence, at: 1)
        insertion.bind(numbers.flags, at: 2)
        insertion.bind(numbers.acceptedAt, at: 3)
        insertion.bind(numbers.expiresAt, at: 4)
        insertion.bind(numbers.checksum(payload), at: 5)
        insertion.bind(UnsafeRawBufferPointer(rebasing: payload.prefix(RoutingHeader.byteCount)), at: 6)
        insertion.bind(UnsafeRawBufferPointer(rebasing: payload.dropFirst(RoutingHeader.byteCount)), at: 7)
        try insertion.run()
    }

    func delete(_ sequence: Int64) throws(SQLiteError) {
        deletion.bind(sequence, at: 1)
        try deletion.run()
    }

    func expired(by now: UnixMilliseconds, limit: Int) throws(SQLiteError) -> [Int64] {
        defer { expired.reset() }
        expired.bind(Int64(clamping: now), at: 1)
        expired.bind(Int64(limit), at: 2)
        var sequences: [Int64] = []
        while try expired.step() { sequences.append(expired.integer(0)) }
        return sequences
    }

    /// When the message with the lowest sequence was accepted: one descent to the first leaf.
    func oldestAcceptedAt() throws(SQLiteError) -> UnixMilliseconds? {
        defer { first.reset() }
        return try first.step() ? UnixMilliseconds(clamping: first.integer(0)) : nil
    }

    /// Reads and checks every row.
    /// - Returns: the sequences of those that differ from what was written.
    func forEachIntact(_ body: (QueueEntry) -> Void) throws(SQLiteError) -> [Int64] {
        let all = try SQLiteStatement("SELECT \(StoredRow.columns) FROM queue NOT INDEXED", on: connection)
        var damaged: [Int64] = []
        while try all.step() {
            if let entry = StoredRow.intactEntry(all) { body(entry) } else { damaged.append(all.integer(0)) }
        }
        return damaged
    }

    func isDamaged(_ sequence: Int64) throws(SQLiteError) -> Bool {
        let row = try SQLiteStatement("SELECT \(StoredRow.columns) FROM queue WHERE sequence = ?1", on: connection)
        row.bind(sequence, at: 1)
        return try row.step() && StoredRow.intactEntry(row) == nil
    }

    func putAside(_ damaged: [Int64]) throws(SQLiteError) {
        let copy = try SQLiteStatement("INSERT INTO quarantine SELECT * FROM queue WHERE sequence = ?1", on: connection)
        for sequence in damaged {
            copy.bind(sequence, at: 1)
            try copy.run()
            try delete(sequence)
        }
    }
}
