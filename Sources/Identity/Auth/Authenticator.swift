internal import Synchronization
public import WireProtocol

/// What an accepted AUTH says. The caller pins the key, where there is one, before it lets the agent in.
public struct AuthClaim: Sendable, Equatable {
    public let agent: AgentHash
    /// nil where `require_auth` is off: nothing was verified, and nothing may be pinned.
    public let publicKey: [UInt8]?
    /// The organisation that attests the key, nil for an agent that stands for itself.
    public let org: String?

    public init(agent: AgentHash, publicKey: [UInt8]?, org: String?) {
        self.agent = agent
        self.publicKey = publicKey
        self.org = org
    }
}

public enum AuthVerdict: Sendable, Equatable {
    case accepted(AuthClaim)
    case rejected(AuthFail)
    /// Refused with the same words; its signature is one that was accepted here before, over another challenge.
    case replayed(AuthFail)
}

/// Says whether an AUTH is believed (protocol section 5). Any thread; an answer costs one Ed25519 verification, two
/// with an attestation.
public final class Authenticator: Sendable {
    private struct State {
        var policy: AuthPolicy
        var failures = FailedAuthTable()
        var accepted = AcceptedSignatures()
    }

    private let state: Mutex<State>

    public init(policy: AuthPolicy) { state = Mutex(State(policy: policy)) }

    public var policy: AuthPolicy { state.withLock { $0.policy } }

    /// For a reload. Agents already connected stay.
    public func update(_ policy: AuthPolicy) { state.withLock { $0.policy = policy } }

    /// Failures that found the table of failures full and so limit nobody.
    public var untrackedFailures: Int { state.withLock { $0.failures.untracked } }

    /// Call once for each challenge: what is accepted twice is a replay.
    /// - Parameters:
    ///   - clientAddress: without its port; one that names a subnet is as good.
    ///   - wallClock: unix milliseconds.
    ///   - monotonic: nanoseconds.
    public func verdict(
        on attempt: AuthAttempt,
        clientAddress: String,
        wallClock: UInt64,
        monotonic: UInt64
    ) -> AuthVerdict {
        let key = FailedAuthTable.Key(agent: attempt.hello.agentIDHash, address: clientAddress)
        let (policy, wait) = state.withLock { state in
            let limit = state.policy.requireAuth ? state.policy.failedAuthPerAgentPerHour : 0
            return (state.policy, state.failures.retryAfter(key, limit: limit, now: monotonic))
        }
        if let wait { return .rejected(.rateLimited(retryAfterMilliseconds: wait)) }
        let verdict = policy.verdict(on: attempt, wallClock: wallClock)
        guard case .rejected(let failure) = verdict else {
            if policy.requireAuth { state.withLock { $0.accepted.insert(attempt.auth.signature) } }
            return verdict
        }
        countFailure(of: key.agent, clientAddress: clientAddress, monotonic: monotonic)
        let isReplay =
            failure.knownCode == .signatureInvalid && state.withLock { $0.accepted.contains(attempt.auth.signature) }
        return isReplay ? .replayed(failure) : verdict
    }

    /// For an AUTH that was accepted here and refused later, as by a pin.
    public func countFailure(of agent: AgentHash, clientAddress: String, monotonic: UInt64) {
        let key = FailedAuthTable.Key(agent: agent, address: clientAddress)
        state.withLock { state in
            guard state.policy.requireAuth else { return }
            state.failures.failed(key, limit: state.policy.failedAuthPerAgentPerHour, now: monotonic)
        }
    }
}
