import Postgres

/// The tables of a queue in PostgreSQL, and how an older one becomes a current one.
enum PostgresSchema {
    static let version: Int64 = 3

    /// `migrations[0]` makes version 1 of nothing.
    static let migrations = [version1, version2, version3]

    // Counts are rows of their own, since counting a queue of thousands for every batch would cost more than the batch.
    // `totals` has one row, and who holds its lock writes: limits and sequences then hold over every relay.
    // Envelopes are mostly sealed, so nothing is won by compressing them. What is removed all the time is cleaned up
    // long before a fifth of it is dead, and counters find room on the page they are on.
    private static let version1 = """
        CREATE TABLE queue(
            sequence int8 PRIMARY KEY,
            recipient bytea NOT NULL,
            sender bytea NOT NULL,
            id bytea NOT NULL,
            lane int2 NOT NULL,
            flags int2 NOT NULL,
            exactly_once bool NOT NULL,
            size int8 NOT NULL,
            accepted_at int8 NOT NULL,
            expires_at int8 NOT NULL,
            checksum int8 NOT NULL,
            payload bytea NOT NULL,
            UNIQUE(recipient, sender, id)
        ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);
        ALTER TABLE queue ALTER payload SET STORAGE EXTERNAL;
        CREATE INDEX queue_by_lane ON queue(recipient, lane, sequence);
        CREATE INDEX queue_by_expiry ON queue(expires_at, sequence);
        CREATE TABLE recipients(
            recipient bytea PRIMARY KEY,
            messages int8 NOT NULL,
            bytes int8 NOT NULL
        ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
        CREATE TABLE senders(
            recipient bytea NOT NULL,
            sender bytea NOT NULL,
            messages int8 NOT NULL,
            PRIMARY KEY(recipient, sender)
        ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
        CREATE TABLE remembered(
            recipient bytea NOT NULL,
            sender bytea NOT NULL,
            id bytea NOT NULL,
            until int8 NOT NULL,
            PRIMARY KEY(recipient, sender, id)
        );
        CREATE INDEX remembered_by_time ON remembered(until);
        CREATE TABLE pins(agent bytea PRIMARY KEY, public_key bytea NOT NULL, org text);
        CREATE TABLE totals(
            one bool PRIMARY KEY DEFAULT true CHECK (one),
            messages int8 NOT NULL DEFAULT 0,
            bytes int8 NOT NULL DEFAULT 0,
            exactly_once int8 NOT NULL DEFAULT 0,
            remembered int8 NOT NULL DEFAULT 0,
            last_sequence int8 NOT NULL DEFAULT 0,
            anonymous_pins int8 NOT NULL DEFAULT 0
        ) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
        INSERT INTO totals DEFAULT VALUES;
        """

    // A row for each start of a relay. What lay there before is number 0's, which the first relay to look takes over.
    // A relay of version 1 that still runs would count nothing of what it does: `totals` has a column by another name,
    // so that its batches fail.
    private static let version2 = """
        CREATE TABLE relays(
            relay int8 PRIMARY KEY,
            name text NOT NULL DEFAULT '',
            seen_at int8,
            holder int8 NOT NULL,
            queued int8 NOT NULL DEFAULT 0,
            messages int8 NOT NULL DEFAULT 0,
            bytes int8 NOT NULL DEFAULT 0,
            put int8 NOT NULL DEFAULT 0,
            taken_over int8 NOT NULL DEFAULT 0,
            handed_over int8 NOT NULL DEFAULT 0,
            adopted int8 NOT NULL DEFAULT 0
        ) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
        ALTER TABLE totals RENAME COLUMN anonymous_pins TO pins_without_org;
        ALTER TABLE queue ADD COLUMN relay int8 NOT NULL DEFAULT 0;
        ALTER TABLE queue ALTER COLUMN relay DROP DEFAULT;
        INSERT INTO relays(relay, seen_at, holder, queued, messages, bytes)
            SELECT 0, 0, 0, messages, messages, bytes FROM totals WHERE messages > 0;
        """

    private static let version3 = """
        CREATE TABLE audit_log(
            run int8 NOT NULL,
            number int8 NOT NULL,
            at timestamptz NOT NULL,
            event text NOT NULL,
            line jsonb NOT NULL,
            PRIMARY KEY(run, number)
        );
        CREATE INDEX audit_log_by_time ON audit_log(at);
        """

    /// Statements for every connection. Plans must do for a queue that was empty when they were made. What holds the
    /// lock of `totals` and says nothing more is ended, or other relays would wait for it. An ACK means that the
    /// server's disk has the message: `off` is raised, while what waits for replicas too is left as it is.
    static func session(_ schema: String) -> String {
        let name = schema.replacing("\"", with: "\"\"")
        return """
            SET search_path = "\(name)";
            SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
            SET plan_cache_mode = force_generic_plan;
            SET lock_timeout = '2500ms'; SET statement_timeout = '30s';
            SET idle_in_transaction_session_timeout = '5s';
            SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
            """
    }

    /// nil where there is nothing of ours yet.
    static func found(on connection: PostgresConnection, _ schema: String) throws(PostgresFailure) -> Int64? {
        let table = connection.quoted(schema) + ".schema_version"
        var named = PostgresParameters()
        named.append(schema)
        // Of the catalogue itself: behind a lock that was waited for, to_regclass would still say what it said before.
        let text = """
            SELECT EXISTS(SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = $1::text AND c.relname = 'schema_version')
            """
        let exists = try connection.run([PostgresCall(PostgresStatement("", text), named)])
        guard exists.first?.integer(0, 0) == 1 else { return nil }
        let rows = try connection.run([PostgresCall("SELECT max(version) FROM \(table)")])
        return rows.first?.integer(0, 0)
    }

    /// Makes it the current version, or says why it cannot be.
    /// - Parameter migrates: whether older tables may be changed, and new ones made.
    static func prepare(
        _ connection: PostgresConnection,
        _ schema: String,
        migrates: Bool
    ) throws(PostgresFailure) {
        do throws(PostgresFailure) {
            let version = try found(on: connection, schema)
            if version == Self.version { return }
            if let version, version > Self.version { throw .newer(version) }
            guard migrates else {
                let state = version.map { "of version \($0)" } ?? "not there"
                throw .refused(
                    "the tables in schema \(schema) are \(state); `moltrelay migrate` makes version \(Self.version)"
                )
            }
            try migrate(connection, schema)
        } catch {
            guard case .statement(let state, _) = error, state == "42501" else { throw error }
            throw .refused("schema \(schema): \(error)")
        }
    }

    /// All missing steps or none, one relay at a time.
    static func migrate(_ connection: PostgresConnection, _ schema: String) throws(PostgresFailure) {
        let begin = "BEGIN; SET LOCAL lock_timeout = '10min'; SET LOCAL statement_timeout = '10min'"
        try connection.execute(begin)
        var lock = PostgresParameters(Self.lock)
        lock.append(schema)
        let wait = PostgresStatement("", "SELECT pg_advisory_xact_lock($1::int8::int4, hashtext($2::text))")
        do throws(PostgresFailure) {
            _ = try connection.run([PostgresCall(wait, lock)], within: patience)
            let version = try found(on: connection, schema) ?? 0
            if version > Self.version { throw .newer(version) }
            let name = connection.quoted(schema)
            var named = PostgresParameters()
            named.append(schema)
            let text = "SELECT 1 FROM pg_namespace WHERE nspname = $1::text"
            if try connection.run([PostgresCall(PostgresStatement("", text), named)]).first?.count == 0 {
                try connection.execute("CREATE SCHEMA \(name)")
            }
            if version == 0 { try connection.execute("CREATE TABLE \(name).schema_version(version int8 NOT NULL)") }
            for (index, step) in migrations.enumerated().dropFirst(Int(version)) {
                try connection.execute(step, within: patience)
                try connection.execute("INSERT INTO \(name).schema_version VALUES (\(index + 1))")
            }
            try connection.execute("COMMIT")
        } catch {
            try? connection.execute("ROLLBACK")
            throw error
        }
    }

    /// A step may write every row anew.
    private static let patience = Duration.seconds(600)
    /// "MoRq".
    private static let lock: Int64 = 0x4D6F_5271
}

extension PostgresFailure {
    fileprivate static func newer(_ version: Int64) -> PostgresFailure {
        .refused(
            "the tables there are of version \(version), made by a newer relay; this one knows "
                + "\(PostgresSchema.version)"
        )
    }
}
