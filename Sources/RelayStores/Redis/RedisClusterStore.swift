import NIOCore
import NIOPosix
public import Redis
public import RelayCore
import Synchronization
public import WireProtocol

/// Messages and pins in a Redis Cluster: as many queues as `QueueShard` has tags, agents spread over them by hash. Each
/// is done at one stroke; what is limited over all counts the others as they last told (docs/redis.md).
///
/// One event loop of its own; completions run there.
public final class RedisClusterStore: MessageStore {
    public static let shardCount = QueueShard.tags.count

    private let cluster: RedisCluster
    private let shards: [RedisStore]
    private let queue: NIOLoopBound<ShardedQueue>
    private let group: MultiThreadedEventLoopGroup
    private let closing = Closing()

    /// Returns also where the cluster, or some of it, is away: what is there then fails until it comes.
    /// - Throws: `RedisFailure.refused` where trying again changes nothing.
    /// - Parameters:
    ///   - settings: some of the cluster's nodes; it tells the others.
    ///   - name: of the relay, as with `RedisStore`.
    ///   - prefix: of its keys: a cluster has no databases to tell queues apart.
    ///   - told: each answer of a node that none gave before.
    public static func open(
        _ settings: RedisSettings,
        limits: QueueLimits,
        name: String = "",
        prefix: String = "moltrelay",
        told: @escaping @Sendable (RedisPolicy) -> Void = { _ in }
    ) async throws -> RedisClusterStore {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let (cluster, first) = try await RedisCluster.start(settings, on: group.next())
            let policies = Policies(told)
            var (shards, refusal) = ([RedisStore](), first.refusal)
            for tag in QueueShard.tags {
                let publication = RedisPublication("\(prefix):{\(tag)}", policies.tell)
                let session = RedisStore.session(publication, name: name)
                let (client, first) = try await cluster.client(for: QueueShard.slot(tag), session)
                shards.append(RedisStore(client, publication, limits, nil))
                refusal = refusal ?? first.refusal
            }
            let store = try await RedisClusterStore(cluster, shards, limits, group)
            guard let refusal else { return store }
            await withCheckedContinuation { continuation in store.close { continuation.resume() } }
            throw refusal
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private init(
        _ cluster: RedisCluster,
        _ shards: [RedisStore],
        _ limits: QueueLimits,
        _ group: MultiThreadedEventLoopGroup
    ) async throws {
        (self.cluster, self.shards, self.group) = (cluster, shards, group)
        let loop = group.next()
        queue = try await loop.submit {
            NIOLoopBound(ShardedQueue(shards, limits, on: loop), eventLoop: loop)
        }.get()
    }

    private func shard(of agent: AgentHash) -> RedisStore { shards[QueueShard.of(agent)] }

    /// - Parameter body: on the loop, unless it is closed.
    private func perform(
        _ body: @escaping @Sendable (ShardedQueue) -> Void,
        orElse closed: (StoreFailure) -> Void
    ) {
        guard !closing.isBegun else { return closed(.closed) }
        group.next().execute { [queue] in body(queue.value) }
    }

    public func commit(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        call: StoreCall?,
        completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    ) {
        perform {
            $0.commit(batch, now: now, call: call, completion: completion)
        } orElse: {
            completion(.failure($0))
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
        shard(of: recipient).load(
            recipient,
            past: cursor,
            maxMessages: maxMessages,
            maxBytes: maxBytes,
            now: now,
            call: call,
            completion: completion
        )
    }

    public func status(
        of recipient: AgentHash,
        completion: @escaping @Sendable (Result<QueueStatus, StoreFailure>) -> Void
    ) {
        shard(of: recipient).status(of: recipient, completion: completion)
    }

    public func expire(
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        perform {
            $0.expire(now: now, limit: limit, completion: completion)
        } orElse: {
            completion(.failure($0))
        }
    }

    public func purge(
        _ recipient: AgentHash,
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        perform {
            $0.purge(recipient, now: now, limit: limit, completion: completion)
        } orElse: {
            completion(.failure($0))
        }
    }

    /// Of all shards, or a failure: a list with some of them missing would be taken for the whole.
    public func queues(
        _ question: QueueListQuestion,
        completion: @escaping @Sendable (Result<QueueList, StoreFailure>) -> Void
    ) {
        list(QueueListing(question, byAcceptance: true), agents: 0, of: shards[...], completion)
    }

    private func list(
        _ listing: QueueListing,
        agents: Int,
        of shards: ArraySlice<RedisStore>,
        _ completion: @escaping @Sendable (Result<QueueList, StoreFailure>) -> Void
    ) {
        guard let next = shards.first else { return completion(.success(listing.list(of: agents))) }
        next.list(listing) { result in
            switch result {
            case .failure(let failure): completion(.failure(failure))
            case .success(let (listing, more)):
                self.list(listing, agents: agents + more, of: shards.dropFirst(), completion)
            }
        }
    }

    public func pin(
        _ claim: KeyClaim,
        completion: @escaping @Sendable (Result<KeyClaimOutcome, StoreFailure>) -> Void
    ) {
        let own = shard(of: claim.agent)
        let elsewhere = shards.reduce(0) { $0 + ($1 === own ? 0 : $1.publication.held.anonymousPins) }
        own.pin(claim, elsewhere: elsewhere, completion: completion)
    }

    public func pinnedKey(
        of agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    ) {
        shard(of: agent).pinnedKey(of: agent, completion: completion)
    }

    public func unpin(
        _ agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    ) {
        shard(of: agent).unpin(agent, completion: completion)
    }

    public var totals: StoreTotals { shards.dropFirst().reduce(shards[0].totals) { $0.joined($1.totals) } }

    public var health: StoreHealth {
        let failing = shards.compactMap { shard -> (reason: String, since: MonotonicNanoseconds)? in
            guard case .failing(let reason, let since) = shard.health else { return nil }
            return (reason, since)
        }
        guard let first = failing.min(by: { $0.since < $1.since }) else { return .ok }
        let part = failing.count == shards.count ? "" : " (\(failing.count) of \(shards.count) shards)"
        return .failing(reason: first.reason + part, since: first.since)
    }

    /// Commands that nodes sent on, and how often they told who has what.
    public var redirections: RedisCluster.Statistics { cluster.statistics }

    public var statistics: RedisStatistics {
        var sum = RedisStatistics(joining: shards.map(\.publication.statistics))
        let load = shards[0].client.load
        (sum.bytesInFlight, sum.refused) = (load.bytes, load.refused)
        return sum
    }

    public func close(completion: @escaping @Sendable () -> Void) {
        guard closing.begin(completion) else { return }
        let (cluster, shards, group, closing) = (cluster, shards, group, closing)
        // Behind what was submitted.
        group.next().execute {
            let left = Mutex(shards.count)
            for shard in shards {
                shard.close {
                    let isLast = left.withLock { left -> Bool in
                        left -= 1
                        return left == 0
                    }
                    guard isLast else { return }
                    cluster.close { group.shutdownGracefully { _ in closing.finish() } }
                }
            }
        }
    }
}

/// What nodes do with what they are given, told once each way.
private final class Policies: Sendable {
    private let seen = Mutex<[RedisPolicy]>([])
    private let told: @Sendable (RedisPolicy) -> Void

    init(_ told: @escaping @Sendable (RedisPolicy) -> Void) { self.told = told }

    func tell(_ policy: RedisPolicy) {
        let isNew = seen.withLock { seen -> Bool in
            guard !seen.contains(policy) else { return false }
            seen.append(policy)
            return true
        }
        if isNew { told(policy) }
    }
}

extension Result where Failure == RedisFailure {
    fileprivate var refusal: RedisFailure? {
        if case .failure(let failure) = self, failure.isFinal { failure } else { nil }
    }
}

extension StoreTotals {
    /// Of two queues that the same relays share.
    fileprivate func joined(_ other: Self) -> Self {
        var sum = self + other
        guard let mine = own, let theirs = other.own else {
            sum.own = own ?? other.own
            return sum
        }
        sum.own = Share(
            messages: mine.messages + theirs.messages,
            bytes: mine.bytes + theirs.bytes,
            takenOver: mine.takenOver + theirs.takenOver,
            handedOver: mine.handedOver + theirs.handedOver
        )
        return sum
    }
}

extension RedisStatistics {
    /// As if it were one server: the connections of each shard beyond its first are times it was opened again.
    fileprivate init(joining parts: [Self]) {
        self.init()
        var reopened = 0
        for part in parts {
            commits += part.commits
            lastCommitNanoseconds = max(lastCommitNanoseconds, part.lastCommitNanoseconds)
            reopened += max(0, part.connections - 1)
            corruptRows += part.corruptRows
            // The one that most is wrong with.
            if policy == nil || policy?.complaint == nil { policy = part.policy ?? policy }
        }
        connections = parts.contains { $0.connections > 0 } ? reopened + 1 : 0
    }
}
