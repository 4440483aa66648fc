import RelayCore
import WireProtocol

/// Removals that another store has still to make: in the file of a spill, with the batch that removed them. No part of
/// the schema's version, so that the same file opens without it.
struct OwedTable {
    private let scratch = KeyBytes()
    private let insertion: SQLiteStatement
    private let deletion: SQLiteStatement
    private let all: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS owed(
                recipient BLOB NOT NULL,
                sender BLOB NOT NULL,
                id BLOB NOT NULL,
                was_absent INTEGER NOT NULL,
                PRIMARY KEY(recipient, sender, id)
            ) STRICT, WITHOUT ROWID
            """
        )
        insertion = try SQLiteStatement(
            "INSERT INTO owed VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            on: connection
        )
        deletion = try SQLiteStatement(
            "DELETE FROM owed WHERE recipient = ?1 AND sender = ?2 AND id = ?3",
            on: connection
        )
        all = try SQLiteStatement("SELECT recipient, sender, id, was_absent FROM owed", on: connection)
    }

    /// - Parameter wasAbsent: the message was not in this file, so that the other store counts it.
    func insert(_ key: MessageKey, wasAbsent: Bool) throws(SQLiteError) {
        scratch.bind(key, to: insertion)
        insertion.bind(wasAbsent ? 1 : 0, at: 4)
        try insertion.run()
    }

    func delete(_ key: MessageKey) throws(SQLiteError) {
        scratch.bind(key, to: deletion)
        try deletion.run()
    }

    /// Keys, and whether each was absent. A damaged one is left out.
    func read() throws(SQLiteError) -> [MessageKey: Bool] {
        defer { all.reset() }
        var owed: [MessageKey: Bool] = [:]
        while try all.step() {
            guard let recipient = AgentHash(bytes: all.bytes(0)), let sender = AgentHash(bytes: all.bytes(1)),
                let id = MessageID(bytes: all.bytes(2))
            else { continue }
            owed[MessageKey(recipient: recipient, sender: sender, id: id)] = all.integer(3) != 0
        }
        return owed
    }
}
