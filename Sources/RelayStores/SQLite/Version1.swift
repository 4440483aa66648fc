import RelayCore
import WireProtocol

/// The queue as version 1 of the schema kept it: with the key in columns of its own beside the payload that begins with
/// it, and two more indexes.
enum Version1 {
    /// Writes every row anew, inside the caller's transaction: until its end the log grows by what is queued.
    static func migrate(_ connection: SQLiteConnection) throws(SQLiteError) {
        try connection.execute(
            """
            DROP INDEX queue_by_lane;
            DROP INDEX queue_by_key;
            DROP INDEX queue_by_expiry;
            ALTER TABLE queue RENAME TO old_queue;
            ALTER TABLE quarantine RENAME TO old_quarantine;
            \(Schema.queue)
            INSERT INTO quarantine SELECT \(parts) FROM old_quarantine;
            """
        )
        let rows = try SQLiteStatement(
            """
            SELECT sequence, lane, flags, mode, accepted_at, expires_at, checksum, recipient_bits, recipient, sender, id,
                payload
            FROM old_queue ORDER BY sequence
            """,
            on: connection
        )
        let queue = try QueueTable(connection)
        let damaged = try SQLiteStatement(
            "INSERT INTO quarantine SELECT \(parts) FROM old_queue WHERE sequence = ?1",
            on: connection
        )
        while try rows.step() {
            if let numbers = numbers(ofIntact: rows) {
                try queue.insert(numbers, payload: rows.bytes(11))
            } else {
                damaged.bind(rows.integer(0), at: 1)
                try damaged.run()
            }
        }
        rows.reset()
        try connection.execute("DROP TABLE old_queue; DROP TABLE old_quarantine")
    }

    private static let parts = """
        sequence, flags, accepted_at, expires_at, checksum, substr(payload, 1, 96), substr(payload, 97)
        """

    /// nil where the row differs from what version 1 wrote.
    private static func numbers(ofIntact row: SQLiteStatement) -> RowNumbers? {
        let payload = row.bytes(11)
        guard payload.count >= RoutingHeader.byteCount, let start = payload.baseAddress else { return nil }
        let routing = RoutingHeader(decoding: start)
        let key = routing.recipient.bytes + routing.sender.bytes + routing.id.bytes
        guard [8, 9, 10].flatMap({ Array(row.bytes($0)) }) == key else { return nil }
        guard row.integer(7) == Int64(bitPattern: routing.recipient.uniformBits) else { return nil }
        let words = (Int32(0)...5).map { row.integer($0).littleEndian }
        let ofKey = key.withUnsafeBytes { Checksum.crc32($0) }
        let ofNumbers = words.withUnsafeBytes { Checksum.crc32($0, continuing: ofKey) }
        let checksum = Checksum.crc32(payload, continuing: ofNumbers)
        guard Int64(checksum) == row.integer(6) else { return nil }
        return RowNumbers(
            sequence: row.integer(0),
            flags: row.integer(2),
            acceptedAt: row.integer(4),
            expiresAt: row.integer(5)
        )
    }
}
