import RelayCore
import WireProtocol

/// The statements of the reader.
struct PageReader {
    private let rows = RowReader()
    private let begin: SQLiteStatement
    private let end: SQLiteStatement
    private let lanes: SQLiteStatement
    private let count: SQLiteStatement
    private let first: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        try connection.execute("PRAGMA query_only=ON")
        begin = try SQLiteStatement("BEGIN", on: connection)
        end = try SQLiteStatement("COMMIT", on: connection)
        lanes = try SQLiteStatement(
            """
            SELECT \(RowReader.columns) FROM queue INDEXED BY queue_by_lane
            WHERE recipient_bits = ?1 AND lane = ?2 AND sequence > ?3 ORDER BY sequence
            """,
            on: connection
        )
        count = try SQLiteStatement(
            "SELECT count(*) FROM queue INDEXED BY queue_by_lane WHERE recipient_bits = ?1",
            on: connection
        )
        first = try SQLiteStatement(
            """
            SELECT accepted_at, sequence FROM queue INDEXED BY queue_by_lane
            WHERE recipient_bits = ?1 AND lane = ?2 ORDER BY sequence LIMIT 1
            """,
            on: connection
        )
    }

    /// A page, and the sequences of rows in its way that are not what was written.
    func page(
        of recipient: AgentHash,
        past cursor: QueueCursor,
        cut: PageCut,
        now: UnixMilliseconds
    ) throws(SQLiteError) -> (QueuePage, suspects: [Int64]) {
        try inSnapshot { () throws(SQLiteError) in
            var cut = cut
            var page = QueuePage(messages: [], isLast: true)
            var suspects: [Int64] = []
            for lane in Lane.allCases where page.isLast {
                defer { lanes.reset() }
                bind(lanes, recipient, lane)
                lanes.bind(cursor[lane], at: 3)
                while page.isLast, try lanes.step() {
                    guard let queued = rows.read(lanes) else {
                        suspects.append(lanes.integer(0))
                        continue
                    }
                    let message = queued.message
                    // Another recipient may share the bits: 2^32 tries make a pair of agents that do.
                    guard message.routing.recipient == recipient, message.expiresAt > now else { continue }
                    if cut.takes(message.byteCount) { page.messages.append(queued) } else { page.isLast = false }
                }
            }
            return (page, suspects)
        }
    }

    func status(of recipient: AgentHash) throws(SQLiteError) -> QueueStatus {
        try inSnapshot { () throws(SQLiteError) in
            defer { count.reset() }
            count.bind(recipient.bits, at: 1)
            let messages = try count.step() ? Int(count.integer(0)) : 0
            return QueueStatus(messages: messages, oldestAcceptedAt: try oldest(of: recipient))
        }
    }

    private func oldest(of recipient: AgentHash) throws(SQLiteError) -> UnixMilliseconds? {
        var oldest: (sequence: Int64, acceptedAt: Int64)?
        for lane in Lane.allCases {
            defer { first.reset() }
            bind(first, recipient, lane)
            guard try first.step(), first.integer(1) < oldest?.sequence ?? .max else { continue }
            oldest = (first.integer(1), first.integer(0))
        }
        return oldest.map { UnixMilliseconds(clamping: $0.acceptedAt) }
    }

    private func bind(_ statement: SQLiteStatement, _ recipient: AgentHash, _ lane: Lane) {
        statement.bind(recipient.bits, at: 1)
        statement.bind(Int64(lane.rawValue), at: 2)
    }

    // One snapshot for all lanes: taking and leaving one costs more than most of the statements in it.
    private func inSnapshot<Value>(_ body: () throws(SQLiteError) -> Value) throws(SQLiteError) -> Value {
        try begin.run()
        // A read transaction that cannot end is ended by the next error or with the connection.
        defer { try? end.run() }
        return try body()
    }
}
