import DequeModule
import RelayCore
import WireProtocol

/// Batches in the order in which they came, from their submission to their answer or to the spill: what the primary
/// failed reaches the file in that order too. A state machine without input or output.
struct Line {
    typealias Completion = @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void

    struct Batch {
        let operations: [StoreOperation]
        let now: UnixMilliseconds
        let completion: Completion
        var call: StoreCall?

        var agents: Set<AgentHash> { Set(operations.map(\.recipient)) }

        var recipients: Set<AgentHash> {
            Set(operations.compactMap { if case .put(let message) = $0 { message.routing.recipient } else { nil } })
        }
    }

    enum Step {
        case complete(Batch, Result<[StoreOutcome], StoreFailure>, wasDiverted: Bool)
        case spill(Batch)
    }

    private enum State {
        case asked
        case answered([StoreOutcome])
        /// `before`: batches of a smaller number may be of the same agents, and their answers have to be known.
        /// `stored`: whose messages of this batch the primary has all the same.
        case failed(StoreFailure, before: UInt64, stored: Set<AgentHash>)
        case closed
        /// Its agents were diverted when it came.
        case diverted
    }

    private var entries: Deque<(batch: Batch, state: State)> = []
    private var first: UInt64 = 0
    private var isStepping = false

    private var end: UInt64 { first + UInt64(entries.count) }

    /// - Returns: by which its answer is given.
    mutating func append(_ batch: Batch, isDiverted: Bool) -> UInt64 {
        entries.append((batch, isDiverted ? .diverted : .asked))
        return end - 1
    }

    /// - Returns: the agents that are diverted from now on.
    mutating func answered(_ number: UInt64, _ result: Result<[StoreOutcome], StoreFailure>) -> Set<AgentHash> {
        guard number >= first, number < end else { return [] }
        let index = Int(number - first)
        switch result {
        case .success(let outcomes) where outcomes.contains(where: \.isFailed):
            let (batch, failure, stored) = entries[index].batch.failed(in: outcomes)
            entries[index] = (batch, .failed(failure, before: end, stored: stored))
            return batch.agents
        case .success(let outcomes): entries[index].state = .answered(outcomes)
        case .failure(.closed): entries[index].state = .closed
        case .failure(let failure):
            entries[index].state = .failed(failure, before: end, stored: [])
            return entries[index].batch.agents
        }
        return []
    }

    /// One thread at a time takes steps, so that they stay in order.
    mutating func begin() -> Bool {
        guard !isStepping else { return false }
        isStepping = true
        return true
    }

    mutating func next() -> Step? {
        guard let step = front() else {
            isStepping = false
            return nil
        }
        entries.removeFirst()
        first += 1
        return step
    }

    private func front() -> Step? {
        guard let (batch, state) = entries.first else { return nil }
        switch state {
        case .asked: return nil
        case .answered(let outcomes): return .complete(batch, .success(outcomes), wasDiverted: false)
        case .closed: return .complete(batch, .failure(.closed), wasDiverted: false)
        case .diverted: return .spill(batch)
        case .failed(let failure, let before, _):
            let later = entries.prefix(Int(before - first)).dropFirst()
            guard !later.contains(where: { if case .asked = $0.state { true } else { false } }) else { return nil }
            // The primary has younger messages of these agents: its sender tries this one again behind them.
            let isOvertaken = later.contains { entry in
                switch entry.state {
                case .answered: !entry.batch.recipients.isDisjoint(with: batch.recipients)
                case .failed(_, _, let stored): !stored.isDisjoint(with: batch.recipients)
                case .asked, .closed, .diverted: false
                }
            }
            return isOvertaken ? .complete(batch, .failure(failure), wasDiverted: true) : .spill(batch)
        }
    }
}

extension Line.Batch {
    /// What failed, with what is told once it is known what becomes of it, and whose messages are stored.
    fileprivate func failed(in outcomes: [StoreOutcome]) -> (Self, StoreFailure, stored: Set<AgentHash>) {
        let places = outcomes.indices.filter { outcomes[$0].isFailed }
        let completion = completion
        let merged: Line.Completion = { result in
            var whole = outcomes
            switch result {
            case .success(let some): for (place, outcome) in zip(places, some) { whole[place] = outcome }
            case .failure(let failure): for place in places { whole[place] = .failed(failure) }
            }
            completion(.success(whole))
        }
        let part = places.map { operations[$0] }
        let failed = Self(operations: part, now: now, completion: merged, call: call)
        var (reason, stored) = (StoreFailure.closed, Set<AgentHash>())
        for (operation, outcome) in zip(operations, outcomes) {
            switch (operation, outcome) {
            case (_, .failed(let failure)): reason = failure
            case (.put(let message), .stored), (.put(let message), .duplicate): stored.insert(message.routing.recipient)
            default: break
            }
        }
        return (failed, reason, stored)
    }
}
