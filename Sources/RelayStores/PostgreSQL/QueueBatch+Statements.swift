import Postgres
import RelayCore
import WireProtocol

extension QueueBatch.Totals {
    /// The row of `QueueStatements.lock`, with the clock behind it.
    init(_ rows: PostgresRows) {
        self.init(
            messages: Int(rows.integer(0, 0)),
            bytes: Int(rows.integer(0, 1)),
            exactlyOnce: Int(rows.integer(0, 2)),
            remembered: Int(rows.integer(0, 3)),
            lastSequence: rows.integer(0, 4),
            anonymousPins: Int(rows.integer(0, 5))
        )
    }
}

/// What a batch has to know of the server, asked for at once.
struct BatchQuestion {
    private let keys: [MessageKey]
    /// Of messages to be put that are to be delivered exactly once.
    private let exactlyOnce: [MessageKey]
    private let recipients: [AgentHash]
    private let pairs: [QueueBatch.Pair]
    private let now: UnixMilliseconds

    /// - Parameter now: the latest of the batch.
    init(_ operations: [StoreOperation], now: UnixMilliseconds) {
        self.now = now
        keys = Array(Set(operations.map(\.key)))
        exactlyOnce = Array(Set(operations.compactMap(\.exactlyOnceKey)))
        pairs = Array(Set(keys.map { QueueBatch.Pair(recipient: $0.recipient, sender: $0.sender) }))
        recipients = Array(Set(pairs.map(\.recipient)))
    }

    var calls: [PostgresCall] {
        typealias Statements = QueueStatements
        var ofPairs = PostgresParameters(pairs.map(\.recipient))
        ofPairs.append(pairs.map(\.sender))
        var calls = [
            PostgresCall(Statements.find, PostgresParameters(keys)),
            PostgresCall(Statements.countRecipients, PostgresParameters(recipients)),
            PostgresCall(Statements.countSenders, ofPairs),
        ]
        guard !exactlyOnce.isEmpty else { return calls }
        calls.append(PostgresCall(Statements.findRemembered, PostgresParameters(exactlyOnce)))
        calls.append(.forget(until: now, limit: .max))
        return calls
    }

    /// - Parameter answers: to `calls`.
    func answer(_ answers: ArraySlice<PostgresRows>, into batch: inout QueueBatch) {
        let answers = Array(answers)
        func each(_ rows: PostgresRows, _ body: (_ row: Int, _ place: Int) -> Void) {
            for row in 0..<rows.count { body(row, Int(rows.integer(row, 0)) - 1) }
        }
        each(answers[0]) { row, place in
            batch.queued[keys[place]] = QueueBatch.Entry(
                sequence: answers[0].integer(row, 1),
                bytes: Int(answers[0].integer(row, 2)),
                isExactlyOnce: answers[0].integer(row, 3) == 1,
                relay: answers[0].integer(row, 4)
            )
        }
        each(answers[1]) { row, place in
            let load = QueueBatch.Load(
                messages: Int(answers[1].integer(row, 1)),
                bytes: Int(answers[1].integer(row, 2))
            )
            batch.found(load, of: recipients[place])
        }
        each(answers[2]) { row, place in batch.found(Int(answers[2].integer(row, 1)), of: pairs[place]) }
        guard !exactlyOnce.isEmpty else { return }
        each(answers[3]) { row, place in batch.remembered[exactlyOnce[place]] = answers[3].time(row, 1) }
        batch.forgot(answers[4].affected, until: now)
    }
}

extension QueueBatch {
    /// What brings the server's tables to where this is; the first, where messages are removed, has to remove them all.
    var calls: [PostgresCall] {
        typealias Statements = QueueStatements
        var calls: [PostgresCall] = []
        if !removed.isEmpty {
            var sequences = PostgresParameters()
            sequences.append(removed)
            calls.append(PostgresCall(Statements.delete, sequences))
        }
        let added = added
        if !added.isEmpty { calls.append(PostgresCall(Statements.insert, PostgresParameters(added, relay: relay))) }
        if !toRemember.isEmpty {
            var parameters = PostgresParameters(Array(toRemember.keys))
            parameters.append(toRemember.values.map { Int64(clamping: $0) })
            calls.append(PostgresCall(Statements.remember, parameters))
        }
        return calls + counts + shares.calls + [PostgresCall(Statements.setTotals, PostgresParameters(totals))]
    }

    private var counts: [PostgresCall] {
        let (setPairs, droppedPairs) = changed.divided { senders[$0] ?? 0 > 0 }
        let (set, dropped) = Set(changed.map(\.recipient)).divided { recipients[$0]?.messages ?? 0 > 0 }
        var ofRecipients = PostgresParameters(set)
        ofRecipients.append(set.map { Int64(recipients[$0]?.messages ?? 0) })
        ofRecipients.append(set.map { Int64(recipients[$0]?.bytes ?? 0) })
        var ofPairs = PostgresParameters(setPairs.map(\.recipient))
        ofPairs.append(setPairs.map(\.sender))
        ofPairs.append(setPairs.map { Int64(senders[$0] ?? 0) })
        var ofDroppedPairs = PostgresParameters(droppedPairs.map(\.recipient))
        ofDroppedPairs.append(droppedPairs.map(\.sender))
        let all: [(Bool, PostgresCall)] = [
            (set.isEmpty, PostgresCall(QueueStatements.setRecipients, ofRecipients)),
            (setPairs.isEmpty, PostgresCall(QueueStatements.setSenders, ofPairs)),
            (dropped.isEmpty, PostgresCall(QueueStatements.dropRecipients, PostgresParameters(dropped))),
            (droppedPairs.isEmpty, PostgresCall(QueueStatements.dropSenders, ofDroppedPairs)),
        ]
        return all.filter { !$0.0 }.map(\.1)
    }
}

extension Set {
    fileprivate func divided(_ isFirst: (Element) -> Bool) -> ([Element], [Element]) {
        (filter(isFirst).map { $0 }, filter { !isFirst($0) }.map { $0 })
    }
}

extension StoreOperation {
    fileprivate var key: MessageKey {
        switch self {
        case .put(let message): message.key
        case .remove(let key): key
        }
    }

    fileprivate var exactlyOnceKey: MessageKey? {
        guard case .put(let message) = self, message.mode == .exactlyOnce else { return nil }
        return message.key
    }
}

extension PostgresCall {
    static func forget(until now: UnixMilliseconds, limit: Int) -> PostgresCall {
        var parameters = PostgresParameters(Int64(clamping: now))
        parameters.append(Int64(limit))
        return PostgresCall(QueueStatements.forget, parameters)
    }

    static func oldest(from sequence: Int64) -> PostgresCall {
        PostgresCall(QueueStatements.oldest, PostgresParameters(sequence))
    }
}
