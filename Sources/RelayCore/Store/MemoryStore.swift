import Synchronization
public import WireProtocol

/// Keeps messages and pins for as long as the process lives. Bounded by its limits; completions run on the caller's
/// thread before the call returns.
public final class MemoryStore: MessageStore {
    private let contents: Mutex<MemoryContents>

    public init(limits: QueueLimits) {
        contents = Mutex(MemoryContents(limits: limits))
    }

    public func commit(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        call: StoreCall?,
        completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    ) {
        completion(whileOpen { contents in batch.map { contents.apply($0, now: now) } })
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
        let cut = PageCut(maxMessages: maxMessages, maxBytes: maxBytes)
        completion(whileOpen { $0.page(of: recipient, past: cursor, cut: cut, now: now) })
    }

    public func status(
        of recipient: AgentHash,
        completion: @escaping @Sendable (Result<QueueStatus, StoreFailure>) -> Void
    ) {
        completion(whileOpen { $0.status(of: recipient) })
    }

    public func expire(
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        completion(whileOpen { $0.expire(now: now, limit: limit) })
    }

    public func pin(
        _ claim: KeyClaim,
        completion: @escaping @Sendable (Result<KeyClaimOutcome, StoreFailure>) -> Void
    ) {
        completion(whileOpen { $0.pins.claim(claim) })
    }

    public func queues(
        _ question: QueueListQuestion,
        completion: @escaping @Sendable (Result<QueueList, StoreFailure>) -> Void
    ) {
        completion(whileOpen { $0.list(question) })
    }

    public func purge(
        _ recipient: AgentHash,
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        completion(whileOpen { $0.purge(recipient, now: now, limit: limit) })
    }

    public func pinnedKey(
        of agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    ) {
        completion(whileOpen { $0.pins[agent] })
    }

    public func unpin(
        _ agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    ) {
        completion(whileOpen { $0.pins.remove(agent) })
    }

    public var totals: StoreTotals { contents.withLock { $0.totals } }

    public var health: StoreHealth { .ok }

    public func close(completion: @escaping @Sendable () -> Void) {
        contents.withLock { $0.close() }
        completion()
    }

    private func whileOpen<Value: Sendable>(
        _ body: (inout MemoryContents) -> Value
    ) -> Result<Value, StoreFailure> {
        contents.withLock { $0.isClosed ? .failure(.closed) : .success(body(&$0)) }
    }
}
