import Postgres
import RelayCore
import WireProtocol

/// What a batch has to know of the server, asked for at once.
struct BatchQuestion {
    private enum Part { case keys, recipients, pairs, remembered, forgotten }

    private var keys: [MessageKey] = []
    /// Of messages to be put that are to be delivered exactly once.
    private var exactlyOnce: [MessageKey] = []
    private var recipients: [AgentHash] = []
    private var pairs: [QueueBatch.Pair] = []
    private let now: UnixMilliseconds

    private init(now: UnixMilliseconds) { self.now = now }

    /// - Parameter now: the latest of the batch.
    init(_ operations: [StoreOperation], now: UnixMilliseconds) {
        self.now = now
        keys = Array(Set(operations.map(\.key)))
        exactlyOnce = Array(Set(operations.compactMap(\.exactlyOnceKey)))
        pairs = Array(Set(keys.map { QueueBatch.Pair(recipient: $0.recipient, sender: $0.sender) }))
        recipients = Array(Set(pairs.map(\.recipient)))
    }

    /// What is not known, and what is.
    func divided(by queue: KnownQueue) -> (unknown: BatchQuestion, known: BatchQuestion) {
        var (unknown, known) = (BatchQuestion(now: now), BatchQuestion(now: now))
        unknown.exactlyOnce = exactlyOnce
        (known.keys, unknown.keys) = keys.divided { queue.entries[$0] != nil }
        (known.recipients, unknown.recipients) = recipients.divided { queue.recipients[$0] != nil }
        (known.pairs, unknown.pairs) = pairs.divided { queue.senders[$0] != nil }
        return (unknown, known)
    }

    func answer(from queue: KnownQueue, into batch: inout QueueBatch) {
        for key in keys { batch.queued[key] = queue.entries[key] }
        for recipient in recipients { queue.recipients[recipient].map { batch.found($0, of: recipient) } }
        for pair in pairs { queue.senders[pair].map { batch.found($0, of: pair) } }
    }

    private var parts: [Part] {
        var parts: [Part] = []
        if !keys.isEmpty { parts.append(.keys) }
        if !recipients.isEmpty { parts.append(.recipients) }
        if !pairs.isEmpty { parts.append(.pairs) }
        return exactlyOnce.isEmpty ? parts : parts + [.remembered, .forgotten]
    }

    var calls: [PostgresCall] {
        parts.map { part in
            switch part {
            case .keys: PostgresCall(QueueStatements.find, PostgresParameters(keys))
            case .recipients: PostgresCall(QueueStatements.countRecipients, PostgresParameters(recipients))
            case .pairs: PostgresCall(QueueStatements.countSenders, PostgresParameters(pairs))
            case .remembered: PostgresCall(QueueStatements.findRemembered, PostgresParameters(exactlyOnce))
            case .forgotten: .forget(until: now, limit: .max)
            }
        }
    }

    /// - Parameter answers: to `calls`.
    func answer(_ answers: [PostgresRows], into batch: inout QueueBatch) {
        for (part, rows) in zip(parts, answers) {
            if part == .forgotten { batch.forgot(rows.affected, until: now) }
            for row in 0..<rows.count {
                let place = Int(rows.integer(row, 0)) - 1
                switch part {
                case .keys: batch.queued[keys[place]] = QueueBatch.Entry(rows, row)
                case .recipients: batch.found(QueueBatch.Load(rows, row), of: recipients[place])
                case .pairs: batch.found(Int(rows.integer(row, 1)), of: pairs[place])
                case .remembered: batch.remembered[exactlyOnce[place]] = rows.time(row, 1)
                case .forgotten: break
                }
            }
        }
    }
}

extension QueueBatch.Entry {
    fileprivate init(_ rows: PostgresRows, _ row: Int) {
        self.init(
            sequence: rows.integer(row, 1),
            bytes: Int(rows.integer(row, 2)),
            isExactlyOnce: rows.integer(row, 3) == 1,
            relay: rows.integer(row, 4)
        )
    }
}

extension QueueBatch.Load {
    fileprivate init(_ rows: PostgresRows, _ row: Int) {
        self.init(messages: Int(rows.integer(row, 1)), bytes: Int(rows.integer(row, 2)))
    }
}

extension PostgresParameters {
    fileprivate init(_ pairs: [QueueBatch.Pair]) {
        self.init(pairs.map(\.recipient))
        append(pairs.map(\.sender))
    }
}

extension Sequence {
    func divided(_ isFirst: (Element) -> Bool) -> ([Element], [Element]) {
        var parts: ([Element], [Element]) = ([], [])
        for element in self {
            if isFirst(element) { parts.0.append(element) } else { parts.1.append(element) }
        }
        return parts
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
