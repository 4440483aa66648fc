/// What a database of this store looks like, and how an older one becomes a current one.
enum Schema {
    /// "MoRq".
    static let applicationID: Int64 = 0x4D6F_5271
    static let version: Int64 = 2

    // Rows lie by sequence, so that a commit appends to the end of the table. Which rows are whose, and which keys are
    // queued, is held in memory (`QueueDirectory`): an index of either touches a page anywhere for every row, which
    // cost 27 us of CPU a row with 200,000 queued, 3.7 without (docs/performance.md). Expiry rises with the sequence
    // but for messages with a TTL of their own, so that index is appended to as well.
    // `header` is the routing header, the first 96 bytes of the payload, and `body` the rest: a key is read without it.
    // `quarantine` is not STRICT: damage may have changed a column's type.
    static let queue = """
        CREATE TABLE queue(
            sequence INTEGER PRIMARY KEY,
            flags INTEGER NOT NULL,
            accepted_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            checksum INTEGER NOT NULL,
            header BLOB NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX queue_by_expiry ON queue(expires_at);
        CREATE TABLE quarantine AS SELECT * FROM queue;
        """

    private static let others = """
        CREATE TABLE remembered(
            recipient BLOB NOT NULL,
            sender BLOB NOT NULL,
            id BLOB NOT NULL,
            until INTEGER NOT NULL,
            UNIQUE(recipient, sender, id)
        ) STRICT;
        CREATE INDEX remembered_by_time ON remembered(until);
        CREATE TABLE pins(
            agent BLOB PRIMARY KEY,
            public_key BLOB NOT NULL,
            org TEXT,
            checksum INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE sequences(reserved INTEGER NOT NULL) STRICT;
        INSERT INTO sequences VALUES(0);
        """

    enum Step {
        case statements(String)
        case rowsOfVersion1

        func apply(to connection: SQLiteConnection) throws(SQLiteError) {
            switch self {
            case .statements(let sql): try connection.execute(sql)
            case .rowsOfVersion1: try Version1.migrate(connection)
            }
        }
    }

    /// `migrations[0]` makes version 2 of version 1.
    static let migrations: [Step] = [.rowsOfVersion1]

    /// Pages of 8 KiB: a batch of 1,000 rows of 350 bytes costs 1.4 us of CPU a row, 1.6 with 4 KiB.
    static func create(on connection: SQLiteConnection) throws(SQLiteError) {
        try connection.execute(
            """
            PRAGMA page_size=8192;
            PRAGMA auto_vacuum=NONE;
            PRAGMA synchronous=FULL;
            BEGIN EXCLUSIVE;
            \(queue)
            \(others)
            PRAGMA application_id=\(applicationID);
            PRAGMA user_version=\(version);
            COMMIT;
            """
        )
    }

    /// Applies the steps that are missing, all or none.
    static func migrate(
        _ connection: SQLiteConnection,
        from found: Int64,
        steps: [Step] = migrations
    ) throws(SQLiteError) {
        let missing = steps.dropFirst(Int(found) - 1)
        guard !missing.isEmpty else { return }
        try connection.execute("BEGIN EXCLUSIVE")
        do throws(SQLiteError) {
            for step in missing { try step.apply(to: connection) }
            try connection.execute("PRAGMA user_version=\(found + Int64(missing.count)); COMMIT")
        } catch {
            try? connection.execute("ROLLBACK")
            throw error
        }
    }

    /// Why this is not a sound database of this application and of a version known here; nil where it is.
    static func problem(of connection: SQLiteConnection) throws(SQLiteError) -> SQLiteOpenError.Problem? {
        let id = try connection.integer("PRAGMA application_id") ?? 0
        guard id == applicationID else { return .foreign(applicationID: id) }
        let found = try connection.integer("PRAGMA user_version") ?? 0
        guard found <= version else { return .newerSchema(found: found, known: version) }
        guard found >= 1 else { return .damaged(detail: "no schema version") }
        let verdict = try connection.text("PRAGMA quick_check(1)") ?? "no answer"
        return verdict == "ok" ? nil : .damaged(detail: verdict)
    }
}
