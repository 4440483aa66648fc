import Synchronization
import WireProtocol

/// What each agent may send in a minute (protocol section 10), whatever the connection and its loop: one for the
/// process. Its lock is taken when connections come and go; on the path of a message there is the agent's own bucket
/// only.
public final class MessageRates: Sendable {
    /// Agents that are connected, or left and would be given a full bucket too early; about 150 bytes each.
    public static let maxAgents = 131_072
    private static let sweepInterval: MonotonicNanoseconds = .seconds(1)

    private struct State {
        var agents: [AgentHash: (rate: AgentRate, connections: Int)] = [:]
        var nextSweep: MonotonicNanoseconds = 0
    }

    private let messages, bytes: TokenBucket
    private let capacity: Int
    private let state = Mutex(State())

    /// nil where neither is limited: 0 is no limit.
    public init?(messagesPerMinute: Int, bytesPerMinute: Int, capacity: Int = maxAgents) {
        guard messagesPerMinute > 0 || bytesPerMinute > 0 else { return nil }
        messages = TokenBucket(limit: UInt64(max(messagesPerMinute, 0)), period: .seconds(60))
        bytes = TokenBucket(limit: UInt64(max(bytesPerMinute, 0)), period: .seconds(60))
        self.capacity = capacity
    }

    /// The bucket of the agent, shared with its other connections; to be given back with `leave`. Where the table is
    /// full, one of this connection alone: a crowd of strangers must lock nobody out, and lets nobody go unlimited.
    func join(_ agent: AgentHash, at now: MonotonicNanoseconds) -> (rate: AgentRate, isShared: Bool) {
        state.withLock { state in
            if let known = state.agents[agent] {
                state.agents[agent]?.connections += 1
                return (known.rate, true)
            }
            if state.agents.count >= capacity { Self.sweep(&state, at: now) }
            let rate = AgentRate(messages: messages, bytes: bytes)
            guard state.agents.count < capacity else { return (rate, false) }
            state.agents[agent] = (rate, 1)
            return (rate, true)
        }
    }

    func leave(_ agent: AgentHash, _ rate: AgentRate, at now: MonotonicNanoseconds) {
        state.withLock { state in
            guard let known = state.agents[agent], known.rate === rate else { return }
            state.agents[agent]?.connections -= 1
            if known.connections == 1, rate.isFull(at: now) { state.agents[agent] = nil }
        }
    }

    /// A full table is searched at most once a second: a flood must not pay for it at each connection.
    private static func sweep(_ state: inout State, at now: MonotonicNanoseconds) {
        guard now >= state.nextSweep else { return }
        state.nextSweep = now + sweepInterval
        state.agents = state.agents.filter { $0.value.connections > 0 || !$0.value.rate.isFull(at: now) }
    }
}

/// The two buckets of one agent. Its lock is shared by the agent's own connections and by nobody else.
final class AgentRate: Sendable {
    private let buckets: Mutex<(messages: TokenBucket, bytes: TokenBucket)>

    init(messages: TokenBucket, bytes: TokenBucket) { buckets = Mutex((messages, bytes)) }

    /// Takes one message of that size out of both buckets, or out of neither.
    /// - Returns: nil where it was taken, else how long until it would be.
    func take(bytes: Int, at now: MonotonicNanoseconds) -> MonotonicNanoseconds? {
        buckets.withLock { buckets in
            let wait = max(buckets.messages.wait(for: 1, at: now), buckets.bytes.wait(for: UInt64(bytes), at: now))
            guard wait == 0 else { return wait }
            buckets.messages.take(1, at: now)
            buckets.bytes.take(UInt64(bytes), at: now)
            return nil
        }
    }

    func isFull(at now: MonotonicNanoseconds) -> Bool {
        buckets.withLock { $0.messages.fullAt <= now && $0.bytes.fullAt <= now }
    }
}

/// `limit` tokens at once and as many again in each period; kept as the time at which the bucket will be full again.
struct TokenBucket {
    /// 0 is none.
    let limit: UInt64
    let period: MonotonicNanoseconds
    private(set) var fullAt: MonotonicNanoseconds = 0

    init(limit: UInt64, period: MonotonicNanoseconds) {
        self.limit = limit
        self.period = period
    }

    /// How long until `count` may be taken. More than the whole bucket may be, once it is full, and is owed then: else
    /// it could never go.
    func wait(for count: UInt64, at now: MonotonicNanoseconds) -> MonotonicNanoseconds {
        let time = time(of: count)
        let room = now + (period > time ? period - time : 0)
        return limit > 0 && fullAt > room ? fullAt - room : 0
    }

    mutating func take(_ count: UInt64, at now: MonotonicNanoseconds) { fullAt = max(fullAt, now) + time(of: count) }

    /// In which as much flows in. A message's 16 MiB by a minute of nanoseconds is 1e18: no overflow.
    private func time(of count: UInt64) -> MonotonicNanoseconds { limit > 0 ? count * period / limit : 0 }
}
