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

extension QueueBatch {
    /// What brings the server's tables to where this is; the last writes `totals`.
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
