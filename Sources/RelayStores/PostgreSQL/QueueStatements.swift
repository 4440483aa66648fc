import Postgres

/// Everything that is asked of the server. Arrays stand for the rows of a batch: one statement each, whatever its size.
enum QueueStatements {
    static let begin = PostgresStatement("begin", "BEGIN")
    static let commit = PostgresStatement("commit", "COMMIT")
    /// Waits for no disk.
    static let rollback = PostgresStatement("rollback", "ROLLBACK")

    /// Whoever has this row's lock writes. With it the microseconds of the server's clock, and who wrote last.
    static let lock = PostgresStatement(
        "lock",
        """
        SELECT messages, bytes, exactly_once, remembered, last_sequence, pins_without_org,
            (extract(epoch FROM clock_timestamp()) * 1000000)::int8, xmin::text::int8
        FROM totals FOR UPDATE
        """
    )

    /// Those keys of $1, $2, $3 that are queued.
    static let find = PostgresStatement(
        "find",
        """
        SELECT k.place, q.sequence, q.size, q.exactly_once, q.relay
        FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) WITH ORDINALITY AS k(recipient, sender, id, place)
        JOIN queue q ON q.recipient = k.recipient AND q.sender = k.sender AND q.id = k.id
        """
    )
    static let findRemembered = PostgresStatement(
        "find_remembered",
        """
        SELECT k.place, m.until
        FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) WITH ORDINALITY AS k(recipient, sender, id, place)
        JOIN remembered m ON m.recipient = k.recipient AND m.sender = k.sender AND m.id = k.id
        """
    )
    static let countRecipients = PostgresStatement(
        "count_recipients",
        """
        SELECT k.place, r.messages, r.bytes FROM unnest($1::bytea[]) WITH ORDINALITY AS k(recipient, place)
        JOIN recipients r ON r.recipient = k.recipient
        """
    )
    static let countSenders = PostgresStatement(
        "count_senders",
        """
        SELECT k.place, s.messages
        FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS k(recipient, sender, place)
        JOIN senders s ON s.recipient = k.recipient AND s.sender = k.sender
        """
    )

    static let insert = PostgresStatement(
        "insert",
        """
        INSERT INTO queue(sequence, recipient, sender, id, lane, flags, exactly_once, size, accepted_at, expires_at,
            checksum, payload, relay)
        SELECT *, $13::int8 FROM unnest($1::int8[], $2::bytea[], $3::bytea[], $4::bytea[], $5::int2[], $6::int2[], $7::bool[],
            $8::int8[], $9::int8[], $10::int8[], $11::int8[], $12::bytea[])
        """
    )
    static let delete = PostgresStatement("delete", "DELETE FROM queue WHERE sequence = ANY($1::int8[])")
    static let setRecipients = PostgresStatement(
        "set_recipients",
        """
        INSERT INTO recipients SELECT * FROM unnest($1::bytea[], $2::int8[], $3::int8[])
        ON CONFLICT (recipient) DO UPDATE SET messages = excluded.messages, bytes = excluded.bytes
        """
    )
    static let setSenders = PostgresStatement(
        "set_senders",
        """
        INSERT INTO senders SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::int8[])
        ON CONFLICT (recipient, sender) DO UPDATE SET messages = excluded.messages
        """
    )
    static let dropRecipients = PostgresStatement(
        "drop_recipients",
        "DELETE FROM recipients WHERE recipient = ANY($1::bytea[])"
    )
    static let dropSenders = PostgresStatement(
        "drop_senders",
        """
        DELETE FROM senders s USING unnest($1::bytea[], $2::bytea[]) AS k(recipient, sender)
        WHERE s.recipient = k.recipient AND s.sender = k.sender
        """
    )
    static let remember = PostgresStatement(
        "remember",
        """
        INSERT INTO remembered SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::int8[])
        ON CONFLICT (recipient, sender, id) DO UPDATE SET until = excluded.until
        """
    )
    static let forget = PostgresStatement(
        "forget",
        """
        DELETE FROM remembered m USING (
            SELECT recipient, sender, id FROM remembered WHERE until <= $1::int8 ORDER BY until LIMIT $2::int8
        ) AS k WHERE m.recipient = k.recipient AND m.sender = k.sender AND m.id = k.id
        """
    )
    static let setTotals = PostgresStatement(
        "set_totals",
        """
        UPDATE totals SET messages = $1::int8, bytes = $2::int8, exactly_once = $3::int8, remembered = $4::int8,
            last_sequence = $5::int8, pins_without_org = $6::int8
        RETURNING xmin::text::int8
        """
    )
    /// The oldest message from $1 on: the relay knows that what lay before is gone, where a scan from the index's start
    /// would walk over all that was removed since the last vacuum.
    static let oldest = PostgresStatement(
        "oldest",
        "SELECT sequence, accepted_at FROM queue WHERE sequence >= $1::int8 ORDER BY sequence LIMIT 1"
    )
    static let totals = PostgresStatement("totals", "SELECT messages, bytes FROM totals")
    static let durability = PostgresStatement(
        "durability",
        "SELECT current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on'"
    )
    /// A mebibyte, rolled back: an update of one row may find room where a batch does not.
    static let prove = PostgresStatement(
        "prove",
        """
        INSERT INTO queue SELECT -1, '', '', '', 0, 0, false, 0, 0, 0, 0, decode(repeat('00', 1048576), 'hex'), 0
        """
    )

    static let hasExpired = PostgresStatement(
        "has_expired",
        """
        SELECT EXISTS(SELECT FROM queue WHERE expires_at <= $1::int8)
            OR EXISTS(SELECT FROM remembered WHERE until <= $1::int8)
        """
    )
    static let expired = PostgresStatement(
        "expired",
        """
        SELECT recipient, sender, id FROM queue WHERE expires_at <= $1::int8 ORDER BY expires_at, sequence
        LIMIT $2::int8
        """
    )
    static let hasQueued = PostgresStatement(
        "has_queued",
        "SELECT EXISTS(SELECT FROM queue WHERE recipient = $1::bytea)"
    )
    static let queued = PostgresStatement(
        "queued",
        "SELECT recipient, sender, id FROM queue WHERE recipient = $1::bytea ORDER BY lane, sequence LIMIT $2::int8"
    )

    static let pins = PostgresStatement(
        "pins",
        """
        SELECT k.place, p.public_key, p.org FROM unnest($1::bytea[]) WITH ORDINALITY AS k(agent, place)
        JOIN pins p ON p.agent = k.agent
        """
    )
    static let anonymousPins = PostgresStatement("anonymous_pins", "SELECT pins_without_org FROM totals")
    static let setPin = PostgresStatement(
        "set_pin",
        """
        INSERT INTO pins VALUES ($1::bytea, $2::bytea, $3::text)
        ON CONFLICT (agent) DO UPDATE SET public_key = excluded.public_key, org = excluded.org
        """
    )
    static let dropPin = PostgresStatement("drop_pin", "DELETE FROM pins WHERE agent = $1::bytea")

    /// $1 recipient, $2 lanes in the order asked for, $3 the last sequence taken of each, $4 now, $5 messages, $6
    /// bytes. One message past the page comes without its payload, so that the end is known.
    static let page = PostgresStatement(
        "page",
        """
        SELECT sequence, accepted_at, expires_at, flags, checksum, size,
            CASE WHEN n = 1 OR (n <= $5::int8 AND total <= $6::int8) THEN payload END
        FROM (
            SELECT *, row_number() OVER w AS n, sum(size) OVER w AS total
            FROM unnest($2::int2[], $3::int8[]) WITH ORDINALITY AS c(lane, past, place) CROSS JOIN LATERAL (
                SELECT sequence, accepted_at, expires_at, flags, checksum, size, payload FROM queue q
                WHERE q.recipient = $1::bytea AND q.lane = c.lane AND q.sequence > c.past AND q.expires_at > $4::int8
                ORDER BY q.sequence LIMIT $5::int8 + 1
            ) AS m
            WINDOW w AS (ORDER BY place, sequence ROWS UNBOUNDED PRECEDING)
        ) AS p
        WHERE n <= 2 OR (n <= $5::int8 + 1 AND total - size <= $6::int8)
        ORDER BY n
        """
    )

    private static let first = """
        SELECT f.sequence, f.accepted_at FROM unnest('{0,1,2,3,4}'::int2[]) AS l(lane) CROSS JOIN LATERAL (
            SELECT sequence, accepted_at FROM queue q WHERE q.recipient = r.recipient AND q.lane = l.lane
            ORDER BY q.sequence LIMIT 1
        ) AS f ORDER BY f.sequence LIMIT 1
        """

    static let status = PostgresStatement(
        "status",
        """
        SELECT r.messages, f.accepted_at FROM recipients r LEFT JOIN LATERAL (\(first)) AS f ON true
        WHERE r.recipient = $1::bytea
        """
    )
    static let countAgents = PostgresStatement("count_agents", "SELECT count(*) FROM recipients")

    private static func list(_ name: String, by order: String) -> PostgresStatement {
        PostgresStatement(
            name,
            """
            SELECT r.recipient, r.messages, r.bytes, f.accepted_at
            FROM (
                SELECT * FROM recipients WHERE $2::bytea IS NULL OR recipient > $2::bytea ORDER BY \(order) LIMIT $1::int8
            ) AS r LEFT JOIN LATERAL (\(first)) AS f ON true ORDER BY \(order)
            """
        )
    }
    static let listByMessages = list("list_by_messages", by: "messages DESC, recipient")
    static let listByBytes = list("list_by_bytes", by: "bytes DESC, recipient")
    static let listByAgent = list("list_by_agent", by: "recipient")
    static let listByAge = PostgresStatement(
        "list_by_age",
        """
        SELECT r.recipient, r.messages, r.bytes, f.accepted_at
        FROM recipients r LEFT JOIN LATERAL (\(first)) AS f ON true
        ORDER BY f.sequence NULLS LAST, r.recipient LIMIT $1::int8
        """
    )
}
