import RelayCore
import WireProtocol

/// Reads pages: the directory says which rows, the table what they are.
struct PageReader {
    /// Sequences asked of the directory at once: it is locked meanwhile.
    private static let step = 256

    private let directory: QueueDirectory
    private let begin: SQLiteStatement
    private let end: SQLiteStatement
    private let row: SQLiteStatement
    private let time: SQLiteStatement
    private let pins: PinTable

    init(_ connection: SQLiteConnection, directory: QueueDirectory) throws(SQLiteError) {
        self.directory = directory
        try connection.execute("PRAGMA query_only=ON")
        begin = try SQLiteStatement("BEGIN", on: connection)
        end = try SQLiteStatement("COMMIT", on: connection)
        row = try SQLiteStatement("SELECT \(StoredRow.columns) FROM queue WHERE sequence = ?1", on: connection)
        pins = try PinTable(connection)
        time = try SQLiteStatement("SELECT accepted_at FROM queue WHERE sequence = ?1", on: connection)
    }

    /// A page, and the sequences of rows in its way that are not what was written.
    func page(
        of recipient: AgentHash,
        past cursor: QueueCursor,
        cut: PageCut,
        now: UnixMilliseconds
    ) throws(SQLiteError) -> (QueuePage, suspects: [Int64]) {
        try inSnapshot { () throws(SQLiteError) in
            var draft = Draft(recipient: recipient, now: now, cut: cut)
            for lane in cursor.order { try read(lane, past: cursor[lane], into: &draft) }
            return (draft.page, draft.suspects)
        }
    }

    private func read(_ lane: Lane, past cursor: Int64, into draft: inout Draft) throws(SQLiteError) {
        var last = cursor
        while draft.page.isLast {
            let sequences = directory.sequences(of: draft.recipient, lane, past: last, limit: Self.step)
            guard let highest = sequences.last else { return }
            for sequence in sequences where draft.page.isLast { try read(sequence, into: &draft) }
            last = highest
        }
    }

    private func read(_ sequence: Int64, into draft: inout Draft) throws(SQLiteError) {
        defer { row.reset() }
        row.bind(sequence, at: 1)
        // Removed since the directory named it, or stored since the snapshot: then whoever asked is told after this.
        guard try row.step() else { return }
        draft.add(StoredRow.message(row), sequence: sequence)
    }

    func status(of recipient: AgentHash) throws(SQLiteError) -> QueueStatus {
        let messages = directory.count(of: recipient)
        guard let first = directory.firstSequence(of: recipient) else {
            return QueueStatus(messages: messages, oldestAcceptedAt: nil)
        }
        return QueueStatus(messages: messages, oldestAcceptedAt: try acceptedAt(first))
    }

    private func acceptedAt(_ sequence: Int64) throws(SQLiteError) -> UnixMilliseconds? {
        defer { time.reset() }
        time.bind(sequence, at: 1)
        return try time.step() ? UnixMilliseconds(clamping: time.integer(0)) : nil
    }

    func queues(_ question: QueueListQuestion) throws(SQLiteError) -> QueueList {
        let (places, agents) = directory.list(question)
        return try inSnapshot { () throws(SQLiteError) in
            var list = QueueList(queues: [], agents: agents)
            for place in places {
                // One that was emptied since has none.
                let first = directory.firstSequence(of: place.recipient)
                list.queues.append(
                    QueueList.Queue(
                        recipient: place.recipient,
                        messages: place.messages,
                        bytes: place.bytes,
                        oldestAcceptedAt: try first.flatMap { sequence throws(SQLiteError) in try acceptedAt(sequence) }
                    )
                )
            }
            return list
        }
    }

    func pinnedKey(of agent: AgentHash) throws(SQLiteError) -> Result<PinnedKey?, StoreFailure> {
        switch try pins.find(agent) {
        case .absent: .success(nil)
        case .pinned(let pin): .success(pin)
        case .damaged: .failure(.unavailable(reason: "the pin of this agent is damaged"))
        }
    }

    // One snapshot for all rows: taking and leaving one costs more than reading one.
    private func inSnapshot<Value>(_ body: () throws(SQLiteError) -> Value) throws(SQLiteError) -> Value {
        try begin.run()
        // A read transaction that cannot end is ended by the next error or with the connection.
        defer { try? end.run() }
        return try body()
    }
}

/// A page in the making.
private struct Draft {
    let recipient: AgentHash
    let now: UnixMilliseconds
    var cut: PageCut
    var page = QueuePage(messages: [], isLast: true)
    var suspects: [Int64] = []

    /// - Parameter queued: nil where the row differs from what was written.
    mutating func add(_ queued: QueuedMessage?, sequence: Int64) {
        guard let queued, queued.message.routing.recipient == recipient else { return suspects.append(sequence) }
        guard queued.message.expiresAt > now else { return }
        if cut.takes(queued.message.byteCount) { page.messages.append(queued) } else { page.isLast = false }
    }
}
