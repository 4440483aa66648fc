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
        scratch.bind(key, to: lookup)
        lookup.bind(Int64(clamping: now), at: 4)
        return try lookup.step()
    }

    /// - Returns: whether there was no lapsed entry of this key to renew.
    func insert(_ key: MessageKey, until: UnixMilliseconds) throws(SQLiteError) -> Bool {
        for statement in [renewal, insertion] {
            scratch.bind(key, to: statement)
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
}
