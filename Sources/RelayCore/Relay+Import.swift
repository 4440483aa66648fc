public import WireProtocol

/// What became of a message that was brought from elsewhere; nil where that is not known yet.
public enum ImportOutcome: Sendable, Equatable {
    /// Stored, or taken by its recipient. One that was queued already is no second message.
    case taken
    case refused(NackCode)
}

/// Messages that came without a connection, and who waits to hear of them. Each is accepted as if a connection had sent
/// it whose slot no table has.
struct ImportTable {
    private struct Batch {
        var outcomes: [ImportOutcome?]
        var left: Int
        var completion: @Sendable ([ImportOutcome?]) -> Void
    }

    private static let slot = UInt32.max

    private var batches: [UInt32: Batch] = [:]
    private var rows: [UInt32: (batch: UInt32, index: Int)] = [:]
    private var nextRow: UInt32 = 0

    /// - Returns: the batch, and whom each message is from.
    mutating func open(
        _ count: Int,
        loop: Int,
        _ completion: @escaping @Sendable ([ImportOutcome?]) -> Void
    ) -> (batch: UInt32, senders: [ConnectionRef]) {
        let batch = nextRow
        batches[batch] = Batch(outcomes: Array(repeating: nil, count: count), left: count, completion: completion)
        let senders = (0..<count).map { index in
            defer { nextRow &+= 1 }
            rows[nextRow] = (batch, index)
            return ConnectionRef(loop: UInt16(loop), slot: Self.slot, generation: nextRow)
        }
        if count == 0 { close(batch) }
        return (batch, senders)
    }

    mutating func answered(_ answer: Answer, to sender: ConnectionRef) {
        guard sender.slot == Self.slot, let (batch, index) = rows.removeValue(forKey: sender.generation) else { return }
        switch answer {
        case .acknowledged: batches[batch]?.outcomes[index] = .taken
        case .refused(_, let code): batches[batch]?.outcomes[index] = .refused(code)
        }
        batches[batch]?.left -= 1
        if batches[batch]?.left == 0 { close(batch) }
    }

    /// Whatever has not been answered stays unknown.
    mutating func close(_ batch: UInt32) {
        guard let closed = batches.removeValue(forKey: batch) else { return }
        if closed.left > 0 { rows = rows.filter { $0.value.batch != batch } }
        closed.completion(closed.outcomes)
    }
}

extension Relay {
    /// Accepts messages that no connection brought; bounded by whoever brings them.
    /// - Parameter completion: on this loop, once all are answered or `endImport` was called.
    /// - Returns: what `endImport` takes.
    public func take(
        _ messages: [Message],
        completion: @escaping @Sendable ([ImportOutcome?]) -> Void
    ) -> UInt32 {
        let (batch, senders) = imports.open(messages.count, loop: loop, completion)
        for (message, sender) in zip(messages, senders) {
            let home = Hub.home(of: message.routing.recipient, loops: loops)
            let timeline = MessageTimeline(received: port.now)
            tell(home, .accept(message, from: sender, mode: message.mode ?? .atLeastOnce, timeline))
        }
        return batch
    }

    public func endImport(_ batch: UInt32) { imports.close(batch) }

    /// Whether a connection of the agent is known to this loop.
    public func isConnected(_ agent: AgentHash) -> Bool { hub.route(agent) != nil }
}
