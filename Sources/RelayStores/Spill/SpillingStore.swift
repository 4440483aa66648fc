public import RelayCore
import Synchronization
public import WireProtocol

/// A store that other machines hold, and a file beside the relay that takes what that one cannot: acknowledged messages
/// wait in the file until the primary is back, then go to it in the order in which they came.
///
/// An agent is diverted with its first batch that the primary failed, and until the file holds nothing of it: so its
/// messages stay in order, while others already go to the primary. Pins, and the questions of operators, are the
/// primary's alone.
public final class SpillingStore: MessageStore {
    let primary: any MessageStore
    let spill: SQLiteStore
    private let state = Mutex(State())
    private let closing = Closing()

    struct State {
        var diversions = Diversions()
        var statistics = SpillStatistics()
    }

    /// What a run left in the file goes to the primary first.
    public static func open(_ primary: any MessageStore, spill: SQLiteStore) async -> SpillingStore {
        let store = SpillingStore(primary, spill)
        let question = QueueListQuestion(order: .agent, limit: .max)
        let left = await withCheckedContinuation { continuation in
            spill.queues(question) { continuation.resume(returning: $0) }
        }
        if case .success(let list) = left {
            store.update { state in for queue in list.queues { state.diversions.divert(queue.recipient) } }
        }
        return store
    }

    private init(_ primary: any MessageStore, _ spill: SQLiteStore) { (self.primary, self.spill) = (primary, spill) }

    func update<Value: Sendable>(_ body: (inout sending State) -> sending Value) -> Value { state.withLock(body) }

    public func commit(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    ) {
        let diverted = update { state in batch.map { state.diversions.isDiverted($0.recipient) } }
        guard diverted.contains(true) else { return commitToPrimary(batch, now: now, completion) }
        guard diverted.contains(false) else { return divert(batch, now: now, completion) }
        let parts = SplitBatch(diverted, completion)
        commitToPrimary(parts.operations(of: batch, diverted: false), now: now) { parts.finish($0, diverted: false) }
        divert(parts.operations(of: batch, diverted: true), now: now) { parts.finish($0, diverted: true) }
    }

    private func commitToPrimary(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        _ completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    ) {
        primary.commit(batch, now: now) { result in
            switch result {
            case .success, .failure(.closed): completion(result)
            case .failure: self.divert(batch, now: now, completion)
            }
        }
    }

    /// Messages lie at a place of the file that says nothing about their place in the primary: as sequence 0.
    private func divert(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        _ completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    ) {
        let agents = Set(batch.map(\.recipient))
        update { $0.diversions.began(agents) }
        spill.commit(batch, now: now) { result in
            let result = self.update { state in
                state.diversions.ended(agents)
                return result.flatMap { state.diverted(batch, $0) }
            }
            completion(result)
        }
    }

    public func load(
        _ recipient: AgentHash,
        past cursor: QueueCursor,
        maxMessages: Int,
        maxBytes: Int,
        now: UnixMilliseconds,
        completion: @escaping @Sendable (Result<QueuePage, StoreFailure>) -> Void
    ) {
        guard update({ $0.diversions.isDiverted(recipient) }) else {
            return primary.load(
                recipient,
                past: cursor,
                maxMessages: maxMessages,
                maxBytes: maxBytes,
                now: now,
                completion: completion
            )
        }
        drain(now: now)
        primary.load(recipient, past: cursor, maxMessages: maxMessages, maxBytes: maxBytes, now: now) { result in
            completion(result.flatMap { page in self.update { $0.diversions.cut(page) } })
        }
    }

    public func status(
        of recipient: AgentHash,
        completion: @escaping @Sendable (Result<QueueStatus, StoreFailure>) -> Void
    ) {
        guard update({ $0.diversions.isDiverted(recipient) }) else {
            return primary.status(of: recipient, completion: completion)
        }
        let spill = spill
        primary.status(of: recipient) { first in
            guard case .success(let stored) = first else { return completion(first) }
            spill.status(of: recipient) { completion($0.map { stored + $0 }) }
        }
    }

    public func expire(
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        drain(now: now)
        primary.expire(now: now, limit: limit) { result in
            // What is being moved just now would be told twice.
            let isIdle = self.update { !$0.diversions.isEmpty && !$0.diversions.isDraining }
            let expired = (try? result.get()) ?? []
            guard isIdle, expired.count < limit else { return completion(result) }
            self.spill.expire(now: now, limit: limit - expired.count) { more in
                guard let more = try? more.get(), !more.isEmpty else { return completion(result) }
                completion(.success(expired + more))
            }
        }
    }

    public func purge(
        _ recipient: AgentHash,
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        guard !update({ $0.diversions.isDiverted(recipient) }) else {
            return completion(.failure(Self.waiting))
        }
        primary.purge(recipient, now: now, limit: limit, completion: completion)
    }

    static let waiting = StoreFailure.unavailable(reason: "messages of this agent wait in the spill, try again later")

    public func queues(
        _ question: QueueListQuestion,
        completion: @escaping @Sendable (Result<QueueList, StoreFailure>) -> Void
    ) {
        primary.queues(question, completion: completion)
    }

    public func pin(
        _ claim: KeyClaim,
        completion: @escaping @Sendable (Result<KeyClaimOutcome, StoreFailure>) -> Void
    ) {
        primary.pin(claim, completion: completion)
    }

    public func pinnedKey(
        of agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    ) {
        primary.pinnedKey(of: agent, completion: completion)
    }

    public func unpin(
        _ agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    ) {
        primary.unpin(agent, completion: completion)
    }

    public var totals: StoreTotals {
        var totals = primary.totals + spill.totals
        let twice = update { $0.diversions.countedTwice }
        totals.messages = max(0, totals.messages - twice)
        totals.own?.messages -= twice
        return totals
    }

    /// The primary's: no agent gets in without its pins.
    public var health: StoreHealth { primary.health }

    public var statistics: SpillStatistics {
        var statistics = update { $0.statistics }
        let totals = spill.totals
        (statistics.messages, statistics.bytes) = (totals.messages, totals.bytes)
        statistics.agents = update { $0.diversions.agents }
        statistics.health = spill.health
        statistics.corruptRows = spill.statistics.corruptRows
        return statistics
    }

    public func close(completion: @escaping @Sendable () -> Void) {
        guard closing.begin(completion) else { return }
        let (spill, closing) = (spill, closing)
        primary.close { spill.close { closing.finish() } }
    }
}
