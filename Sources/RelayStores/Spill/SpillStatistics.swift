public import RelayCore
import WireProtocol

/// What a spill holds, and what passed through it since the relay started.
public struct SpillStatistics: Sendable, Equatable {
    /// Still in the file.
    public var messages = 0
    /// Of payload.
    public var bytes = 0
    /// With messages in it, or whose removals the primary is owed.
    public var agents = 0
    public var spilled = 0
    public var moved = 0
    /// Moved messages that the primary held already. Both counted them: to be taken off what is queued.
    public var duplicates = 0
    /// Of the file, found since the start.
    public var corruptRows = 0
    public var health = StoreHealth.ok
}

extension SpillingStore.State {
    /// What a batch given to the file comes to: a removal holds as soon as the primary is owed it.
    mutating func diverted(
        _ batch: [StoreOperation],
        _ outcomes: [StoreOutcome]
    ) -> Result<[StoreOutcome], StoreFailure> {
        var told: [StoreOutcome] = []
        told.reserveCapacity(outcomes.count)
        for (operation, outcome) in zip(batch, outcomes) {
            switch (operation, outcome) {
            case (.put, .stored):
                statistics.spilled += 1
                told.append(.stored(sequence: 0))
            case (.put, _): told.append(outcome)
            case (.remove(let key), _):
                guard diversions.owe(key, isCounted: outcome == .absent) else {
                    return .failure(.unavailable(reason: "too many removals wait for the store"))
                }
                told.append(.removed)
            }
        }
        return .success(told)
    }
}

extension Diversions {
    /// A page of the primary for a recipient that was diverted when it was asked for: without what was acknowledged
    /// meanwhile, and never the last one, since more comes from the spill. An empty one is a failure, which its reader
    /// tries again a second later.
    func cut(_ page: QueuePage) -> Result<QueuePage, StoreFailure> {
        let messages = page.messages.filter { !isOwed($0.message.key) }
        guard !messages.isEmpty else { return .failure(SpillingStore.waiting) }
        return .success(QueuePage(messages: messages, isLast: false))
    }
}

extension StoreOperation {
    var recipient: AgentHash {
        switch self {
        case .put(let message): message.routing.recipient
        case .remove(let key): key.recipient
        }
    }
}

extension StoreTotals {
    /// - Parameter b: of a store that nobody shares.
    static func + (a: Self, b: Self) -> Self {
        var sum = StoreTotals(
            messages: a.messages + b.messages,
            bytes: a.bytes + b.bytes,
            oldestAcceptedAt: [a.oldestAcceptedAt, b.oldestAcceptedAt].compactMap { $0 }.min(),
            recovered: a.recovered + b.recovered
        )
        sum.own = a.own
        sum.own?.messages += b.messages
        sum.own?.bytes += b.bytes
        return sum
    }
}

extension QueueStatus {
    static func + (a: Self, b: Self) -> Self {
        QueueStatus(
            messages: a.messages + b.messages,
            oldestAcceptedAt: [a.oldestAcceptedAt, b.oldestAcceptedAt].compactMap { $0 }.min()
        )
    }
}
