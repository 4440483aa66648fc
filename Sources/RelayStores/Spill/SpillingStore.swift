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
    /// Of the primary: near it messages are moved one by one.
    let maxTotalBytes: Int
    private let state = Mutex(State())
    private let closing = Closing()

    struct State {
        var diversions = Diversions()
        var line = Line()
        var statistics = SpillStatistics()
        /// Whoever traces what is moved.
        var follower: (@Sendable (StoreCall) -> Void)?
        /// Of the last batch.
        var now: UnixMilliseconds = 0
    }

    /// What a run left in the file goes to the primary first.
    /// - Parameters:
    ///   - spill: one that keeps what is owed.
    ///   - maxTotalBytes: of the primary.
    public static func open(
        _ primary: any MessageStore,
        spill: SQLiteStore,
        maxTotalBytes: Int
    ) async throws(StoreFailure) -> SpillingStore {
        let store = SpillingStore(primary, spill, maxTotalBytes)
        let question = QueueListQuestion(order: .agent, limit: .max)
        let left = await withCheckedContinuation { continuation in
            spill.queues(question) { continuation.resume(returning: $0) }
        }
        let list = try left.get()
        let owed = try await withCheckedContinuation { continuation in
            spill.perform(.readOwed { continuation.resume(returning: $0) })
        }
        .get()
        store.update { state in
            for queue in list.queues { state.diversions.found(queue.recipient) }
            state.diversions.found(owed)
        }
        return store
    }

    private init(_ primary: any MessageStore, _ spill: SQLiteStore, _ maxTotalBytes: Int) {
        (self.primary, self.spill, self.maxTotalBytes) = (primary, spill, maxTotalBytes)
    }

    func update<Value: Sendable>(_ body: (inout sending State) -> sending Value) -> Value { state.withLock(body) }

    public func commit(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        call: StoreCall?,
        completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    ) {
        let asked = update { state in state.submit(batch, now: now, call, completion) }
        if let (operations, number) = asked {
            // Nothing of the other part is to be told of these.
            let part = operations.count == batch.count ? call : call?.part(operations)
            primary.commit(operations, now: now, call: part) { result in
                if let call, let part, part !== call { call.took(part, isSpill: false) }
                self.update { $0.answered(number, result) }
                self.proceed()
            }
        }
        proceed()
    }

    private func proceed() {
        guard update({ $0.line.begin() }) else { return }
        while let step = update({ $0.line.next() }) {
            switch step {
            case .complete(let batch, let result, let wasDiverted):
                if wasDiverted { update { $0.diversions.ended(batch.agents) } }
                batch.completion(result)
            case .spill(let batch):
                let part = batch.call?.part(batch.operations)
                spill.commit(batch.operations, now: batch.now, call: part) { result in
                    if let part { batch.call?.took(part, isSpill: true) }
                    let (told, unkept) = self.update { $0.spilled(batch, result) }
                    if !unkept.isEmpty { self.spill.perform(.paid(unkept) { _ in }) }
                    batch.completion(told)
                }
            }
        }
    }

    public func load(
        _ recipient: AgentHash,
        past cursor: QueueCursor,
        maxMessages: Int,
        maxBytes: Int,
        now: UnixMilliseconds,
        call: StoreCall?,
        completion: @escaping @Sendable (Result<QueuePage, StoreFailure>) -> Void
    ) {
        let isDiverted = update { state in
            state.diversions.loadBegan(recipient)
            return state.diversions.isDiverted(recipient)
        }
        primary.load(
            recipient,
            past: cursor,
            maxMessages: maxMessages,
            maxBytes: maxBytes,
            now: now,
            call: call
        ) { result in
            completion(isDiverted ? self.update { $0.diversions.loadEnded(recipient, result) } : result)
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

    /// Of the file first, while nothing is moved out of it, then of the primary. Messages are moved after that: every
    /// few seconds, as this is called.
    public func expire(
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        guard update({ $0.diversions.beginDraining() }) else {
            return expireInPrimary(now: now, limit: limit, [], completion)
        }
        spill.expire(now: now, limit: limit) { result in
            let expired = (try? result.get()) ?? []
            self.expireInPrimary(now: now, limit: limit - expired.count, expired, completion)
            self.drain(now: now)
        }
    }

    private func expireInPrimary(
        now: UnixMilliseconds,
        limit: Int,
        _ expired: [MessageKey],
        _ completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        guard limit > 0 else { return completion(.success(expired)) }
        primary.expire(now: now, limit: limit) { result in
            let more = result.map { keys in self.tell(keys) }
            guard !expired.isEmpty else { return completion(more) }
            completion(.success(expired + ((try? more.get()) ?? [])))
        }
    }

    private func tell(_ expired: [MessageKey]) -> [MessageKey] {
        let (told, owed) = update { state in
            let (told, owed, unknown) = state.diversions.expired(expired)
            state.statistics.duplicates += unknown
            return (told, owed)
        }
        // What stays in the file is removed once more by the next run, in vain.
        if !owed.isEmpty { spill.perform(.paid(owed) { _ in }) }
        return told
    }

    public func purge(
        _ recipient: AgentHash,
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        guard !update({ $0.diversions.isDiverted(recipient) }) else { return completion(.failure(Self.waiting)) }
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
        totals.recovered -= update { $0.diversions.foundTwice }
        totals.own?.messages -= twice
        return totals
    }

    /// The primary's: no agent gets in without its pins.
    public var health: StoreHealth { primary.health }

    public var statistics: SpillStatistics {
        var statistics = update { state in
            var statistics = state.statistics
            statistics.agents = state.diversions.agents
            statistics.owedRemovals = state.diversions.owedCount
            return statistics
        }
        let totals = spill.totals
        (statistics.messages, statistics.bytes) = (totals.messages, totals.bytes)
        statistics.limitBytes = spill.maxTotalBytes
        statistics.health = spill.health
        statistics.corruptRows = spill.statistics.corruptRows
        return statistics
    }

    /// With what the primary is owed, where it is there.
    public func close(completion: @escaping @Sendable () -> Void) {
        guard closing.begin(completion) else { return }
        let (primary, spill, closing) = (primary, spill, closing)
        payAll(now: update { $0.now }) { primary.close { spill.close { closing.finish() } } }
    }
}
