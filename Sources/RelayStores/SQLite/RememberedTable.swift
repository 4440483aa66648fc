import RelayCore
import WireProtocol

/// Keys of exactly-once messages that left the queue.
struct RememberedTable {
    private let connection: SQLiteConnection
    private let scratch = KeyBytes()
    private let lookup: SQLiteStatement
    private let insertion: SQLiteStatement
    private let renewal: SQLiteStatement
    private let lapse: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        self.connection = connection
        lookup = try SQLiteStatement(
            "SELECT 1 FROM remembered WHERE recipient = ?1 AND sender = ?2 AND id = ?3 AND until > ?4",
            on: connection
        )
        insertion = try SQLiteStatement(
            "INSERT INTO remembered(recipient, sender, id, until) VALUES(?1, ?2, ?3, ?4)",
            on: connection
        )
        renewal = try SQLiteStatement(
            "UPDATE remembered SET until = ?4 WHERE recipient = ?1 AND sender = ?2 AND id = ?3",
            on: connection
        )
        lapse = try SQLiteStatement(
            """
            DELETE FROM remembered WHERE rowid IN
                (SELECT rowid FROM remembered WHERE until <= ?1 ORDER BY until LIMIT ?2)
            """,
            on: connection
        )
    }

    func contains(_ key: MessageKey, at now: UnixMilliseconds) throws(SQLiteError) -> Bool {
        defer { lookup.reset() }
        bind(key, to: lookup)
        lookup.bind(Int64(clamping: now), at: 4)
        return try lookup.step()
    }

    /// - Returns: whether there was no lapsed entry of this key to renew.
    func insert(_ key: MessageKey, until: UnixMilliseconds) throws(SQLiteError) -> Bool {
        for statement in [renewal, insertion] {
            bind(key, to: statement)
            statement.bind(Int64(clamping: until), at: 4)
        }
        try renewal.run()
        guard connection.changes == 0 else { return false }
        try insertion.run()
        return true
    }

    /// - Returns: how many were forgotten, at most `limit`.
    func forget(until now: UnixMilliseconds, limit: Int) throws(SQLiteError) -> Int {
        lapse.bind(Int64(clamping: now), at: 1)
        lapse.bind(Int64(limit), at: 2)
        try lapse.run()
        return connection.changes
    }

    func count() throws(SQLiteError) -> Int {
        Int(try connection.integer("SELECT count(*) FROM remembered") ?? 0)
    }

    private func bind(_ key: MessageKey, to statement: SQLiteStatement) {
        scratch.set(key)
        statement.bind(scratch.recipient, at: 1)
        statement.bind(scratch.sender, at: 2)
        statement.bind(scratch.id, at: 3)
    }
}

/// A key in one place, for binding its parts without a copy each.
private final class KeyBytes {
    private let base = UnsafeMutableRawPointer.allocate(byteCount: 80, alignment: 8)

    deinit { base.deallocate() }

    func set(_ key: MessageKey) {
        key.recipient.write(to: base)
        key.sender.write(to: base + 32)
        key.id.write(to: base + 64)
    }

    var recipient: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: AgentHash.byteCount) }
    var sender: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + 32, count: AgentHash.byteCount) }
    var id: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + 64, count: MessageID.byteCount) }
}
