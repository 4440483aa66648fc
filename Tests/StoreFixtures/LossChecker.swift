public import RelayCore
import Synchronization
public import WireProtocol

/// Which acknowledged messages a store does not hold any more.
public enum LossChecker {
    public static func missing(_ acknowledged: Set<MessageKey>, from store: any MessageStore) async throws -> Set<
        MessageKey
    > {
        var missing = acknowledged
        for recipient in Set(acknowledged.map(\.recipient)) {
            var cursor = QueueCursor.start
            var isLast = false
            while !isLast {
                let page = try await page(of: recipient, past: cursor, from: store)
                for queued in page.messages {
                    missing.remove(queued.message.key)
                    cursor[queued.message.lane] = queued.sequence
                }
                isLast = page.isLast
            }
        }
        return missing
    }

    private static func page(
        of recipient: AgentHash,
        past cursor: QueueCursor,
        from store: any MessageStore
    ) async throws -> QueuePage {
        try await withCheckedContinuation { continuation in
            store.load(recipient, past: cursor, maxMessages: 500, maxBytes: 4 << 20, now: Sample.now) {
                continuation.resume(returning: $0)
            }
        }.get()
    }
}

/// Acknowledges every put and forgets each fiftieth: what a loss checker has to catch.
public final class LossyStore: MessageStore {
    private let honest: any MessageStore
    private let puts = Atomic<Int>(0)

    public init(_ honest: any MessageStore) { self.honest = honest }

    public func commit(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        call: StoreCall?,
        completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    ) {
        let forgotten = Set(batch.indices.filter { isForgotten(batch[$0]) })
        let kept = batch.indices.filter { !forgotten.contains($0) }.map { batch[$0] }
        honest.commit(kept, now: now) { result in
            completion(
                result.map { outcomes in
                    var rest = outcomes[...]
                    return batch.indices.map { forgotten.contains($0) ? .stored(sequence: 0) : rest.removeFirst() }
                }
            )
        }
    }

    private func isForgotten(_ operation: StoreOperation) -> Bool {
        guard case .put = operation else { return false }
        return puts.add(1, ordering: .relaxed).newValue.isMultiple(of: 50)
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
        honest.load(
            recipient,
            past: cursor,
            maxMessages: maxMessages,
            maxBytes: maxBytes,
            now: now,
            completion: completion
        )
    }

    public func status(
        of recipient: AgentHash,
        completion: @escaping @Sendable (Result<QueueStatus, StoreFailure>) -> Void
    ) { honest.status(of: recipient, completion: completion) }

    public func expire(
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) { honest.expire(now: now, limit: limit, completion: completion) }

    public func pin(
        _ claim: KeyClaim,
        completion: @escaping @Sendable (Result<KeyClaimOutcome, StoreFailure>) -> Void
    ) { honest.pin(claim, completion: completion) }

    public func queues(
        _ question: QueueListQuestion,
        completion: @escaping @Sendable (Result<QueueList, StoreFailure>) -> Void
    ) { honest.queues(question, completion: completion) }

    public func purge(
        _ recipient: AgentHash,
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) { honest.purge(recipient, now: now, limit: limit, completion: completion) }

    public func pinnedKey(
        of agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    ) { honest.pinnedKey(of: agent, completion: completion) }

    public func unpin(
        _ agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    ) { honest.unpin(agent, completion: completion) }

    public var totals: StoreTotals { honest.totals }
    public var health: StoreHealth { honest.health }
    public func close(completion: @escaping @Sendable () -> Void) { honest.close(completion: completion) }
}
