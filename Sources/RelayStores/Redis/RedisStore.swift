import NIOCore
import NIOPosix
public import Redis
public import RelayCore
public import WireProtocol

/// Messages and pins in a Redis server that other relays may share. What an acknowledged batch survives is the server's
/// `appendfsync` (docs/redis.md).
///
/// One connection, on an event loop of its own; completions run there.
public final class RedisStore: MessageStore {
    let client: RedisClient
    let publication: RedisPublication
    private let limits: QueueLimits
    /// nil where the loop is another's.
    private let group: MultiThreadedEventLoopGroup?
    private let closing = Closing()

    /// Returns also where the server is away: the store then fails until it comes.
    /// - Throws: `RedisFailure.refused` where trying again changes nothing.
    /// - Parameters:
    ///   - name: of the relay, which no other on this queue has: what it counted before a restart is its own.
    ///   - told: what the server does with what it is given, when it was connected to and when that changed.
    public static func open(
        _ settings: RedisSettings,
        limits: QueueLimits,
        name: String = "",
        told: @escaping @Sendable (RedisPolicy) -> Void = { _ in }
    ) async throws -> RedisStore {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let publication = RedisPublication(QueueScript.base, told)
        do {
            let session = lonely(session(publication, name: name))
            let (client, first) = try await RedisClient.start(settings, session, on: group.next())
            let store = RedisStore(client, publication, limits, group)
            guard case .failure(let failure) = first, failure.isFinal else { return store }
            await withCheckedContinuation { continuation in store.close { continuation.resume() } }
            throw failure
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    init(
        _ client: RedisClient,
        _ publication: RedisPublication,
        _ limits: QueueLimits,
        _ group: MultiThreadedEventLoopGroup?
    ) {
        (self.client, self.publication, self.limits, self.group) = (client, publication, limits, group)
    }

    public func commit(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        call: StoreCall?,
        completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    ) {
        commit(batch, under: limits, now: now, call: call, completion: completion)
    }

    func commit(
        _ batch: [StoreOperation],
        under limits: QueueLimits,
        now: UnixMilliseconds,
        call: StoreCall?,
        completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    ) {
        let (publication, began) = (publication, NIODeadline.now())
        let bytes = WriteJob.byteCount(of: batch)
        write(.commit, bytes: bytes) {
            $0.append(now: now)
            $0.append(batch, under: limits)
        } decoding: { reply in
            QueueAnswer.outcomes(reply).flatMap { $0.1.count == batch.count ? $0 : nil }
        } completion: { result in
            call?.took(self.work(since: began, operations: batch.count, result))
            switch result {
            case .success(let outcomes):
                if batch.contains(where: \.isPut) { publication.wrote() }
                let spent = NIODeadline.now() - began
                publication.count { $0.committed(nanoseconds: MonotonicNanoseconds(max(0, spent.nanoseconds))) }
                completion(.success(outcomes))
            case .failure(.outOfMemory(let reason)):
                self.removeAlone(batch, now: now) { completion(.failure(.memoryFull(reason: reason))) }
            case .failure(let failure): completion(.failure(failure.ofStore))
            }
        }
    }

    /// A server that is full takes a batch of removals, which is how it empties; asked for again they are absent.
    private func removeAlone(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        _ finished: @escaping @Sendable () -> Void
    ) {
        let removals = batch.filter { !$0.isPut }
        guard !removals.isEmpty, removals.count < batch.count else { return finished() }
        commit(removals, now: now) { _ in finished() }
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
        let began = NIODeadline.now()
        let cut = PageCut(maxMessages: maxMessages, maxBytes: maxBytes)
        page(of: recipient, past: cursor, cut, now: now) { result in
            call?.took(
                self.work(since: began, operations: 1, result.map { $0 ?? QueuePage(messages: [], isLast: false) })
            )
            completion(
                result.mapError(\.ofStore).flatMap { page in page.map { .success($0) } ?? .failure(PageCut.allDamaged) }
            )
        }
    }

    public func status(
        of recipient: AgentHash,
        completion: @escaping @Sendable (Result<QueueStatus, StoreFailure>) -> Void
    ) {
        let base = publication.base
        client.send(bytes: 256, { .status(of: recipient, on: base) }) { answer in
            completion(answer.decoded(QueueAnswer.status).mapError(\.ofStore))
        }
    }

    public func expire(
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        write(.expire) {
            $0.append(now: now)
            $0.append(limit)
        } decoding: {
            QueueAnswer.keys($0)
        } completion: { result in
            if case .success = result { self.tryWriting() }
            completion(result.mapError(\.ofStore))
        }
    }

    /// A server that was full may have room again, though nobody has put anything since.
    private func tryWriting() {
        guard publication.isRefusingWrites else { return }
        let publication = publication
        client.send(bytes: 64, { RedisCommand("HSET", publication.base + ":t", "v", "\(QueueScript.schemaVersion)") }) {
            if case .success = $0 { publication.wrote() }
        }
    }

    public func purge(
        _ recipient: AgentHash,
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        write(.purge) {
            $0.append(now: now)
            $0.append(limit)
            $0.append(recipient)
        } decoding: {
            QueueAnswer.keys($0)
        } completion: {
            completion($0.mapError(\.ofStore))
        }
    }

    public func queues(
        _ question: QueueListQuestion,
        completion: @escaping @Sendable (Result<QueueList, StoreFailure>) -> Void
    ) {
        list(QueueListing(question)) { result in completion(result.map { $0.list(of: $1) }) }
    }

    public func pin(
        _ claim: KeyClaim,
        completion: @escaping @Sendable (Result<KeyClaimOutcome, StoreFailure>) -> Void
    ) {
        pin(claim, elsewhere: 0, completion: completion)
    }

    /// - Parameter elsewhere: pins without an organisation in other queues under the same limit.
    func pin(
        _ claim: KeyClaim,
        elsewhere: Int,
        completion: @escaping @Sendable (Result<KeyClaimOutcome, StoreFailure>) -> Void
    ) {
        exchangePin(of: claim.agent, most: claim.maxAnonymousPins, elsewhere: elsewhere) { pinned, anonymous in
            let verdict = claim.verdict(on: pinned.flatMap(PinnedKey.init(redis:)), anonymousPins: anonymous)
            guard case .write(let pin) = verdict else { return (nil, verdict.outcome) }
            return (pin.redisBytes, verdict.outcome)
        } completion: {
            completion($0)
        }
    }

    public func pinnedKey(
        of agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    ) {
        exchangePin(of: agent, most: .max) { pinned, _ in
            (nil, pinned.flatMap(PinnedKey.init(redis:)))
        } completion: {
            completion($0)
        }
    }

    public func unpin(
        _ agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    ) {
        exchangePin(of: agent, most: .max) { pinned, _ in
            (pinned.map { _ in ByteBuffer() }, pinned.flatMap(PinnedKey.init(redis:)))
        } completion: {
            completion($0)
        }
    }

    public var totals: StoreTotals { publication.totals }

    public var health: StoreHealth { publication.health }

    public var statistics: RedisStatistics {
        var statistics = publication.statistics
        let load = client.load
        (statistics.bytesInFlight, statistics.refused) = (load.bytes, load.refused)
        return statistics
    }

    public func close(completion: @escaping @Sendable () -> Void) {
        guard closing.begin(completion) else { return }
        client.close { [group, closing] in
            guard let group else { return closing.finish() }
            group.shutdownGracefully { _ in closing.finish() }
        }
    }
}

extension StoreOperation {
    var isPut: Bool { if case .put = self { true } else { false } }
}
