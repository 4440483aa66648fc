import NIOCore
import RelayCore
import WireProtocol

/// Calls that several shards have a part in, and their answers put together. On the shards' loop alone, where their
/// completions run too.
final class ShardedQueue {
    private let shards: [RedisStore]
    private let limits: QueueLimits
    private let loop: any EventLoop
    private var turnstile = Turnstile()
    /// What is under way to each shard, as if it were there.
    private var coming: [QueueHoldings]
    private var nextExpiry = 0

    init(_ shards: [RedisStore], _ limits: QueueLimits, on loop: any EventLoop) {
        (self.shards, self.limits, self.loop) = (shards, limits, loop)
        coming = Array(repeating: QueueHoldings(), count: shards.count)
    }

    func commit(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        call: StoreCall?,
        completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    ) {
        let ticket = turnstile.enter()
        let parts = Dictionary(grouping: batch.indices) { QueueShard.of(batch[$0].recipient) }
        let answer = BatchAnswer(batch.count, parts: parts.count)
        guard !parts.isEmpty else { return finish(ticket) { completion(.success([])) } }
        let split = parts.map { shard, places in
            Part(shard: shard, places: places, operations: places.map { batch[$0] })
        }.sorted { $0.places[0] < $1.places[0] }
        let limits = limits(of: split)
        for part in split { coming[part.shard] += part.wanted }
        let this = NIOLoopBound((self, answer), eventLoop: loop)
        for (part, limits) in zip(split, limits) {
            let places = part.places
            let told = split.count == 1 ? call : call?.part(part.operations)
            shards[part.shard].commit(part.operations, under: limits, now: now, call: told) { result in
                let (queue, answer) = this.value
                if let call, let told, told !== call { call.took(told, isSpill: false) }
                queue.coming[part.shard] -= part.wanted
                if let whole = answer.add(result, at: places) { queue.finish(ticket) { completion(whole) } }
            }
        }
    }

    /// Whole rounds over the shards that may have more, each asked for its part of what is left to `limit`.
    func expire(
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        let ticket = turnstile.enter()
        // Another one first each time: none waits for ever behind those that are full.
        let order = (0..<shards.count).map { ($0 + nextExpiry) % shards.count }
        nextExpiry = (nextExpiry + 1) % shards.count
        round(Expiry(now: now, left: limit, shards: order)) { result in self.finish(ticket) { completion(result) } }
    }

    private struct Expiry {
        let now: UnixMilliseconds
        var left: Int
        var shards: [Int]
        var keys: [MessageKey] = []
        var failure: StoreFailure?
        var succeeded = 0
    }

    private func round(_ expiry: Expiry, _ completion: @escaping (Result<[MessageKey], StoreFailure>) -> Void) {
        guard expiry.left > 0, !expiry.shards.isEmpty else {
            // What some removed is gone, whatever became of others.
            if let failure = expiry.failure, expiry.succeeded == 0 { return completion(.failure(failure)) }
            return completion(.success(expiry.keys))
        }
        let asked = expiry.shards.prefix(expiry.left)
        let quota = max(1, expiry.left / asked.count)
        var next = expiry
        next.shards = Array(expiry.shards.dropFirst(asked.count))
        let answers = ExpiryAnswers(asked.count, next, completion)
        let this = NIOLoopBound((self, answers), eventLoop: loop)
        for shard in asked {
            shards[shard].expire(now: expiry.now, limit: quota) { result in
                let (queue, answers) = this.value
                answers.add(result, of: shard, quota: quota)
                if answers.left == 0 { queue.round(answers.next, answers.completion) }
            }
        }
    }

    private final class ExpiryAnswers {
        private(set) var left: Int
        private(set) var next: Expiry
        let completion: (Result<[MessageKey], StoreFailure>) -> Void

        init(_ count: Int, _ next: Expiry, _ completion: @escaping (Result<[MessageKey], StoreFailure>) -> Void) {
            (left, self.next, self.completion) = (count, next, completion)
        }

        func add(_ result: Result<[MessageKey], StoreFailure>, of shard: Int, quota: Int) {
            left -= 1
            switch result {
            case .failure(let failure): next.failure = failure
            case .success(let keys):
                next.succeeded += 1
                next.left -= keys.count
                next.keys += keys
                if keys.count == quota { next.shards.append(shard) }
            }
        }
    }

    func purge(
        _ recipient: AgentHash,
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        let ticket = turnstile.enter()
        let this = NIOLoopBound(self, eventLoop: loop)
        shards[QueueShard.of(recipient)].purge(recipient, now: now, limit: limit) { result in
            this.value.finish(ticket) { completion(result) }
        }
    }

    private func finish(_ ticket: Int, _ completion: @escaping () -> Void) {
        for completion in turnstile.finish(ticket, completion) { completion() }
    }

    private struct Part {
        let shard: Int
        let places: [Int]
        let operations: [StoreOperation]
        let wanted: QueueHoldings

        init(shard: Int, places: [Int], operations: [StoreOperation]) {
            (self.shard, self.places, self.operations) = (shard, places, operations)
            wanted = QueueHoldings(operations)
        }
    }

    /// What all hold, as they last told, and what is on its way to them, is taken off what each part may.
    private func limits(of parts: [Part]) -> [QueueLimits] {
        var used = coming
        for index in used.indices { used[index] += shards[index].publication.held }
        let bytes = Self.lend(limits.maxTotalBytes, used.map(\.bytes), parts.map { ($0.shard, $0.wanted.bytes) })
        let keys = Self.lend(
            limits.deduplicationMaxIDs,
            used.map(\.exactlyOnceKeys),
            parts.map { ($0.shard, $0.wanted.exactlyOnceKeys) }
        )
        return parts.indices.map { index in
            var limits = limits
            (limits.maxTotalBytes, limits.deduplicationMaxIDs) = (bytes[index], keys[index])
            return limits
        }
    }

    /// - Returns: up to how much each shard may have. Where all that is wanted fits, as much as the others leave, since
    ///   another relay may have put something there; else what it has and its turn of what is left.
    static func lend(_ limit: Int, _ used: [Int], _ wanted: [(shard: Int, amount: Int)]) -> [Int] {
        let (total, all) = (used.reduce(0, +), wanted.reduce(0) { $0 + $1.amount })
        var left = max(0, limit - total)
        guard all > left else { return wanted.map { max(0, limit - (total - used[$0.shard]) - (all - $0.amount)) } }
        return wanted.map { shard, amount in
            let grant = min(amount, left)
            left -= grant
            return used[shard] + grant
        }
    }
}

/// The outcomes of a batch, gathered from its parts.
private final class BatchAnswer {
    private var outcomes: [StoreOutcome]
    private var left: Int
    private var succeeded = 0
    private var failure = StoreFailure.closed

    init(_ count: Int, parts: Int) {
        outcomes = Array(repeating: .absent, count: count)
        left = parts
    }

    /// - Returns: the whole, once every part is there; a failure where all failed.
    func add(_ part: Result<[StoreOutcome], StoreFailure>, at places: [Int]) -> Result<[StoreOutcome], StoreFailure>? {
        left -= 1
        switch part {
        case .success(let some):
            succeeded += 1
            for (place, outcome) in zip(places, some) { outcomes[place] = outcome }
        case .failure(let failure):
            self.failure = failure
            for place in places { outcomes[place] = .failed(failure) }
        }
        guard left == 0 else { return nil }
        return succeeded == 0 ? .failure(failure) : .success(outcomes)
    }
}

extension QueueHoldings {
    fileprivate init(_ operations: [StoreOperation]) {
        for case .put(let message) in operations {
            bytes += message.byteCount
            if message.mode == .exactlyOnce { exactlyOnceKeys += 1 }
        }
    }
}
