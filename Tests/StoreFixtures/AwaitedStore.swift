public import RelayCore
import WireProtocol

/// The calls of a store, awaited.
extension MessageStore {
    public func commit(_ batch: [StoreOperation], now: UnixMilliseconds = Sample.now) async throws -> [StoreOutcome] {
        try await withCheckedContinuation { continuation in
            commit(batch, now: now) { continuation.resume(returning: $0) }
        }.get()
    }

    public func put(_ messages: Message..., now: UnixMilliseconds = Sample.now) async throws -> [StoreOutcome] {
        try await commit(messages.map { .put($0) }, now: now)
    }

    public func remove(_ message: Message, now: UnixMilliseconds = Sample.now) async throws -> StoreOutcome? {
        try await commit([.remove(message.key)], now: now).first
    }

    public func load(
        _ recipient: UInt32,
        past cursor: QueueCursor = .start,
        maxMessages: Int = 1000,
        maxBytes: Int = 4 << 20,
        now: UnixMilliseconds = Sample.now
    ) async throws -> QueuePage {
        try await withCheckedContinuation { continuation in
            let agent = Sample.agent(recipient)
            load(agent, past: cursor, maxMessages: maxMessages, maxBytes: maxBytes, now: now) {
                continuation.resume(returning: $0)
            }
        }.get()
    }

    public func status(of recipient: UInt32) async throws -> QueueStatus {
        try await withCheckedContinuation { continuation in
            status(of: Sample.agent(recipient)) { continuation.resume(returning: $0) }
        }.get()
    }

    public func expire(now: UnixMilliseconds, limit: Int = 1000) async throws -> [MessageKey] {
        try await withCheckedContinuation { continuation in
            expire(now: now, limit: limit) { continuation.resume(returning: $0) }
        }.get()
    }

    public func pin(_ claim: KeyClaim) async throws -> KeyClaimOutcome {
        try await withCheckedContinuation { continuation in
            pin(claim) { continuation.resume(returning: $0) }
        }.get()
    }

    public func queues(_ question: QueueListQuestion) async throws -> QueueList {
        try await withCheckedContinuation { continuation in
            queues(question) { continuation.resume(returning: $0) }
        }.get()
    }

    public func purge(
        _ recipient: UInt32,
        limit: Int = 1000,
        now: UnixMilliseconds = Sample.now
    ) async throws -> [MessageKey] {
        try await withCheckedContinuation { continuation in
            purge(Sample.agent(recipient), now: now, limit: limit) { continuation.resume(returning: $0) }
        }.get()
    }

    public func pinnedKey(of agent: UInt32) async throws -> PinnedKey? {
        try await withCheckedContinuation { continuation in
            pinnedKey(of: Sample.agent(agent)) { continuation.resume(returning: $0) }
        }.get()
    }

    public func unpin(_ agent: UInt32) async throws -> PinnedKey? {
        try await withCheckedContinuation { continuation in
            unpin(Sample.agent(agent)) { continuation.resume(returning: $0) }
        }.get()
    }

    public func close() async {
        await withCheckedContinuation { continuation in
            close { continuation.resume() }
        }
    }
}
