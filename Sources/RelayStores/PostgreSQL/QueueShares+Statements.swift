import Postgres

/// A relay as the table `relays` knows it: another number for each start of it.
struct RelayEntry {
    let number: Int64
    /// Of the relay, which no other on this queue has: what it counted before it was started again is its own.
    let name: String

    init(name: String) { (number, self.name) = (Int64.random(in: 1..<(1 << 40)), name) }

    /// All of them, behind the lock.
    var all: PostgresCall { PostgresCall(QueueStatements.relays, PostgresParameters(name)) }

    var share: PostgresCall { PostgresCall(QueueStatements.share, PostgresParameters(number)) }

    /// It lives.
    var seen: PostgresCall {
        var parameters = PostgresParameters(number)
        parameters.append(name)
        return PostgresCall(QueueStatements.seen, parameters)
    }
}

extension QueueShare {
    /// - Parameter column: the first of six.
    init(_ rows: PostgresRows, _ row: Int, from column: Int) {
        messages = Int(rows.integer(row, column))
        bytes = Int(rows.integer(row, column + 1))
        put = Int(rows.integer(row, column + 2))
        takenOver = Int(rows.integer(row, column + 3))
        handedOver = Int(rows.integer(row, column + 4))
        adopted = Int(rows.integer(row, column + 5))
    }
}

extension QueueShares {
    /// - Parameter rows: the answer to `QueueStatements.relays`.
    init(_ rows: PostgresRows, own: Int64) {
        var relays: [Int64: Relay] = [:]
        for row in 0..<rows.count {
            relays[rows.integer(row, 0)] = Relay(
                holder: rows.integer(row, 1),
                queued: Int(rows.integer(row, 2)),
                share: QueueShare(rows, row, from: 3),
                isPresent: rows.integer(row, 9) == 1,
                isLate: rows.integer(row, 10) == 1,
                isForgotten: rows.integer(row, 11) == 1,
                isNamesake: rows.integer(row, 12) == 1
            )
        }
        self.init(relays, own: own)
    }

    /// What brings the table to where this is.
    var calls: [PostgresCall] {
        var calls: [PostgresCall] = []
        let changed = changed.sorted().map { ($0, relays[$0] ?? Relay(holder: $0)) }
        if !changed.isEmpty {
            var rows = PostgresParameters()
            rows.append(changed.map(\.0))
            rows.append(changed.map(\.1.holder))
            let numbers: [KeyPath<Relay, Int>] = [
                \.queued, \.share.messages, \.share.bytes, \.share.put, \.share.takenOver, \.share.handedOver,
                \.share.adopted,
            ]
            for number in numbers { rows.append(changed.map { Int64($0.1[keyPath: number]) }) }
            calls.append(PostgresCall(QueueStatements.setShares, rows))
        }
        if !gone.isEmpty { calls.append(PostgresCall(QueueStatements.gone, PostgresParameters(gone))) }
        if !past.isEmpty { calls.append(PostgresCall(QueueStatements.dropRelays, PostgresParameters(past))) }
        return calls
    }
}

extension PostgresParameters {
    fileprivate init(_ relays: [Int64]) {
        self.init()
        append(relays)
    }

    fileprivate init(_ text: String) {
        self.init()
        append(text)
    }
}

extension QueueStatements {
    private static let now = "(extract(epoch FROM clock_timestamp()) * 1000)::int8"
    // Of one whose messages another took over it is when that was, less than zero.
    private static let isPresent = "coalesce(seen_at, -1) >= 0"
    private static let isLate = "(seen_at >= 0 AND seen_at < \(now) - 60000)"
    private static let isForgotten = "(coalesce(seen_at, -1) BETWEEN 86400000 - \(now) AND -1)"

    fileprivate static let relays = PostgresStatement(
        "relays",
        """
        SELECT relay, holder, queued, messages, bytes, put, taken_over, handed_over, adopted,
            \(isPresent), coalesce(\(isLate), false), \(isForgotten), name = $1::text
        FROM relays
        """
    )
    fileprivate static let share = PostgresStatement(
        "share",
        """
        SELECT messages, bytes, put, taken_over, handed_over, adopted FROM relays WHERE relay = $1::int8
        """
    )
    fileprivate static let setShares = PostgresStatement(
        "set_shares",
        """
        INSERT INTO relays(relay, holder, queued, messages, bytes, put, taken_over, handed_over, adopted)
        SELECT * FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::int8[],
            $8::int8[], $9::int8[])
        ON CONFLICT (relay) DO UPDATE SET holder = excluded.holder, queued = excluded.queued,
            messages = excluded.messages, bytes = excluded.bytes, put = excluded.put,
            taken_over = excluded.taken_over, handed_over = excluded.handed_over, adopted = excluded.adopted
        """
    )
    /// Whether others were not seen for a while.
    fileprivate static let seen = PostgresStatement(
        "seen",
        """
        INSERT INTO relays(relay, holder, name, seen_at) VALUES ($1::int8, $1::int8, $2::text, \(now))
        ON CONFLICT (relay) DO UPDATE SET name = excluded.name, seen_at = excluded.seen_at
        RETURNING EXISTS(SELECT FROM relays r WHERE r.relay <> $1::int8 AND \(isLate.replacing("seen_at", with: "r.seen_at")))
        """
    )
    fileprivate static let gone = PostgresStatement(
        "gone",
        "UPDATE relays SET seen_at = -\(now) WHERE relay = ANY($1::int8[])"
    )
    fileprivate static let dropRelays = PostgresStatement(
        "drop_relays",
        "DELETE FROM relays WHERE relay = ANY($1::int8[])"
    )
}
