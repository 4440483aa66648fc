public import RelayCore
import WireProtocol

/// What a spill holds, and what passed through it since the relay started.
public struct SpillStatistics: Sendable, Equatable {
    /// Still in the file.
    public var messages = 0
    /// Of payload.
    public var bytes = 0
    /// What the file takes at most.
    public var limitBytes = 0
    /// With messages in it, or whose removals the primary is owed.
    public var agents = 0
    public var spilled = 0
    public var moved = 0
    /// Moved messages that the primary held already. Both counted them: to be taken off what is queued.
    public var duplicates = 0
    /// That the primary has still to make.
    public var owedRemovals = 0
    /// For which there was no room.
    public var forgottenRemovals = 0
    /// Of the file, found since the start.
    public var corruptRows = 0
    public var health = StoreHealth.ok
}

extension SpillingStore.State {
    /// - Returns: what the primary is to be asked, and the number of its answer.
    mutating func submit(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        _ call: StoreCall?,
        _ completion: @escaping Line.Completion
    ) -> ([StoreOperation], UInt64)? {
        self.now = now
        let diverted = diversions.isEmpty ? [] : batch.map { diversions.isDiverted($0.recipient) }
        guard diverted.contains(true) else { return ask(batch, now: now, call, completion) }
        guard diverted.contains(false) else {
            divert(batch, now: now, call, completion)
            return nil
        }
        let parts = SplitBatch(batch, diverted, completion)
        divert(parts.operations(diverted: true), now: now, call) { parts.finish($0, diverted: true) }
        return ask(parts.operations(diverted: false), now: now, call) { parts.finish($0, diverted: false) }
    }

    private mutating func ask(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        _ call: StoreCall?,
        _ completion: @escaping Line.Completion
    ) -> ([StoreOperation], UInt64) {
        let asked = Line.Batch(operations: batch, now: now, completion: completion, call: call)
        return (batch, line.append(asked, isDiverted: false))
    }

    private mutating func divert(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        _ call: StoreCall?,
        _ completion: @escaping Line.Completion
    ) {
        let batch = Line.Batch(operations: batch, now: now, completion: completion, call: call)
        diversions.began(batch.agents)
        _ = line.append(batch, isDiverted: true)
    }

    mutating func answered(_ number: UInt64, _ result: Result<[StoreOutcome], StoreFailure>) {
        diversions.began(line.answered(number, result))
    }

    /// What a batch given to the file comes to: a removal holds as soon as the primary is owed it. Messages lie at a
    /// place of the file that says nothing about their place in the primary: as sequence 0.
    /// - Returns: with it removals for which there was no room.
    mutating func spilled(
        _ batch: Line.Batch,
        _ result: Result<[StoreOutcome], StoreFailure>
    ) -> (told: Result<[StoreOutcome], StoreFailure>, unkept: [MessageKey]) {
        guard case .success(let outcomes) = result else {
            diversions.ended(batch.agents)
            return (result, [])
        }
        var stored: Set<AgentHash> = []
        var unkept: [MessageKey] = []
        let told = zip(batch.operations, outcomes).map { operation, outcome -> StoreOutcome in
            switch (operation, outcome) {
            case (.put(let message), .stored):
                statistics.spilled += 1
                stored.insert(message.routing.recipient)
                return .stored(sequence: 0)
            case (.put, _): return outcome
            case (.remove(let key), _):
                if diversions.owe(key, isCounted: outcome == .absent) { return .removed }
                if outcome == .absent { statistics.forgottenRemovals += 1 }
                unkept.append(key)
                return .absent
            }
        }
        diversions.ended(batch.agents, stored: stored)
        return (.success(told), unkept)
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
