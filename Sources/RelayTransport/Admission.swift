public import Identity
import NIOCore
public import NIOPosix
public import RelayCore
import Synchronization
public import WireProtocol

/// Who gets in: judges an AUTH off the event loops, then claims the key's agent id in the store.
public struct Admission: Sendable {
    let identity: RelayIdentity
    private let authenticator: Authenticator
    private let store: any MessageStore
    private let workers: NIOThreadPool
    private let maxAnonymousPins: Int
    private let newConnections: NewConnectionRate
    private let isBlocked: @Sendable (AgentHash) -> Bool
    private let tokenLifetimeMilliseconds: UInt64 = 3_600_000

    /// - Parameters:
    ///   - store: keeps the pins, also where no queue is.
    ///   - workers: verify signatures, about 0.1 ms each.
    ///   - connectionsPerAgentPerMinute: 0 is no limit.
    ///   - isBlocked: asked once for each agent that proved who it is; must not wait.
    public init(
        identity: RelayIdentity,
        authenticator: Authenticator,
        store: any MessageStore,
        workers: NIOThreadPool,
        maxAnonymousPins: Int,
        connectionsPerAgentPerMinute: Int = 10,
        isBlocked: @escaping @Sendable (AgentHash) -> Bool = { _ in false }
    ) {
        self.identity = identity
        self.authenticator = authenticator
        self.store = store
        self.workers = workers
        self.maxAnonymousPins = maxAnonymousPins
        self.isBlocked = isBlocked
        newConnections = NewConnectionRate(limit: connectionsPerAgentPerMinute)
    }

    func limit(connectionsPerAgentPerMinute: Int) { newConnections.limit(by: connectionsPerAgentPerMinute) }

    enum Outcome: Sendable {
        case admitted(AgentHash)
        case refused(AuthFail)
        /// The same to the agent.
        case replayed(AuthFail)
    }

    func judge(
        _ attempt: AuthAttempt,
        clientAddress: String,
        on loop: DataLoop
    ) -> EventLoopFuture<Outcome> {
        let wallClock = loop.clock.nearest(to: attempt.hello.clientTime)
        let monotonic = loop.now
        let verdict = workers.runIfActive(eventLoop: loop.eventLoop) {
            authenticator.verdict(
                on: attempt,
                clientAddress: clientAddress,
                wallClock: wallClock,
                monotonic: monotonic
            )
        }
        return verdict.flatMap { verdict in
            switch verdict {
            case .rejected(let failure): return loop.eventLoop.makeSucceededFuture(.refused(failure))
            case .replayed(let failure): return loop.eventLoop.makeSucceededFuture(.replayed(failure))
            case .accepted(let claim): return pin(claim, clientAddress: clientAddress, on: loop)
            }
        }.map { limit($0, on: loop) }
    }

    /// Only here, where the agent has proved who it is: by a mere claim a stranger could use its rate up.
    private func limit(_ outcome: Outcome, on loop: DataLoop) -> Outcome {
        guard case .admitted(let agent) = outcome else { return outcome }
        guard !isBlocked(agent) else { return .refused(.blocked) }
        switch newConnections.take(agent, at: loop.now) {
        case .taken: break
        case .untracked: loop.relay?.note(.rateUntracked(.connectionsPerAgentPerMinute))
        case .wait(let wait):
            let limit = newConnections.limit
            return .refused(.tooManyNewConnections(limit: limit, retryAfterMilliseconds: (wait + 999_999) / 1_000_000))
        }
        return outcome
    }

    private func pin(
        _ claim: AuthClaim,
        clientAddress: String,
        on loop: DataLoop
    ) -> EventLoopFuture<Outcome> {
        guard let publicKey = claim.publicKey else {
            return loop.eventLoop.makeSucceededFuture(.admitted(claim.agent))
        }
        let promise = loop.eventLoop.makePromise(of: Outcome.self)
        let request = KeyClaim(
            agent: claim.agent,
            publicKey: publicKey,
            org: claim.org,
            maxAnonymousPins: maxAnonymousPins
        )
        let monotonic = loop.now
        store.pin(request) { result in
            switch result {
            case .success(.held): promise.succeed(.admitted(claim.agent))
            case .success(.pinnedToAnotherKey):
                authenticator.countFailure(of: claim.agent, clientAddress: clientAddress, monotonic: monotonic)
                promise.succeed(.refused(.keyPinned))
            case .success(.ownedByAnotherOrg):
                authenticator.countFailure(of: claim.agent, clientAddress: clientAddress, monotonic: monotonic)
                promise.succeed(.refused(.ownedByAnotherOrg))
            case .success(.tooManyPins): promise.succeed(.refused(.tooManyPins))
            case .failure(let failure): promise.fail(failure)
            }
        }
        return promise.futureResult
    }

    /// What AUTH_OK gives an agent that is in. A queue that cannot be read now is told as empty, not as an error.
    func grant(_ agent: AgentHash, on loop: DataLoop) -> EventLoopFuture<SessionGrant> {
        let promise = loop.eventLoop.makePromise(of: QueueStatus.self)
        store.status(of: agent) { result in
            promise.succeed((try? result.get()) ?? QueueStatus(messages: 0, oldestAcceptedAt: nil))
        }
        return promise.futureResult.flatMapThrowing { status in
            let now = loop.wallClock
            let age = status.oldestAcceptedAt.map { now > $0 ? now - $0 : 0 } ?? 0
            return SessionGrant(
                sessionID: MessageID.random().description,
                sessionToken: Hex.encode(try SecureRandom.bytes(32)),
                expires: now + tokenLifetimeMilliseconds,
                queueStatus: QueueSummary(pendingMessages: status.messages, oldestMessageAgeMilliseconds: age)
            )
        }
    }
}

/// New connections of each agent (protocol section 10). One for the process: an agent's connections come to any loop.
private final class NewConnectionRate: Sendable {
    /// Agents that connected within the last minute, 64 bytes each.
    private static let maxAgents = 65_536

    enum Taking {
        case taken, untracked
        case wait(MonotonicNanoseconds)
    }

    private let state: Mutex<(limit: Int, buckets: TokenBuckets<AgentHash>)>

    init(limit: Int) { state = Mutex((limit, Self.buckets(limit))) }

    private static func buckets(_ limit: Int) -> TokenBuckets<AgentHash> {
        TokenBuckets(limit: limit, per: .seconds(60), capacity: maxAgents)
    }

    var limit: Int { state.withLock { $0.limit } }

    /// A limit that changed begins anew.
    func limit(by new: Int) {
        state.withLock { state in
            guard new != state.limit else { return }
            state = (new, Self.buckets(new))
        }
    }

    func take(_ agent: AgentHash, at now: MonotonicNanoseconds) -> Taking {
        state.withLock { state in
            if let wait = state.buckets.wait(agent, at: now) { return .wait(wait) }
            return state.buckets.take(agent, at: now) ? .taken : .untracked
        }
    }
}
