/// What a database of this store looks like, and how an older one becomes a current one.
enum Schema {
    /// "MoRq".
    static let applicationID: Int64 = 0x4D6F_5271
    static let version: Int64 = 1

    // `recipient_bits` is the first 8 bytes of the recipient's SHA-256: the indexes carry 8 bytes instead of 32, and
    // every read compares the whole hash. Rows lie by sequence, so that a commit appends to the end of the table.
    // Measured at 1,000 recipients, 200,000 queued, 350 B, batches of 100: 35 us of CPU a row, against 50 with whole
    // hashes in a unique index and 69 with the table itself ordered by recipient.
    // `quarantine` is not STRICT: damage may have changed a column's type.
    private static let tables = """
        CREATE TABLE queue(
            sequence INTEGER PRIMARY KEY,
            recipient_bits INTEGER NOT NULL,
            recipient BLOB NOT NULL,
            sender BLOB NOT NULL,
            id BLOB NOT NULL,
            lane INTEGER NOT NULL,
            flags INTEGER NOT NULL,
            mode INTEGER NOT NULL,
            accepted_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            checksum INTEGER NOT NULL,
            payload BLOB NOT NULL
        ) STRICT;
        CREATE INDEX queue_by_lane ON queue(recipient_bits, lane);
        CREATE INDEX queue_by_key ON queue(recipient_bits, id);
        CREATE INDEX queue_by_expiry ON queue(expires_at);
        CREATE TABLE quarantine AS SELECT * FROM queue;
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

    /// One entry a step: `migrations[0]` makes version 2 of version 1.
    static let migrations: [String] = []

    static func create(on connection: SQLiteConnection) throws(SQLiteError) {
        try connection.execute(
            """
            PRAGMA auto_vacuum=NONE;
            PRAGMA synchronous=FULL;
            BEGIN EXCLUSIVE;
            \(tables)
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
        steps: [String] = migrations
    ) throws(SQLiteError) {
        let missing = steps.dropFirst(Int(found) - 1)
        guard !missing.isEmpty else { return }
        try connection.execute("BEGIN EXCLUSIVE")
        do throws(SQLiteError) {
            try connection.execute(missing.joined(separator: "\n"))
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
