import NIOCore
import RelayCore
import Synchronization

/// What the threads of a PostgreSQL store tell everyone else.
final class PostgresPublication: Sendable {
    private struct State {
        var totals = StoreTotals()
        var statistics = PostgresStatistics()
        var health: [Side: StoreHealth] = [:]
    }

    /// What can fail by itself; the first that does is the store's health.
    enum Side: Int, CaseIterable {
        /// The writer's connection.
        case link
        case writes, reads
    }

    private let state = Mutex(State())

    var totals: StoreTotals { state.withLock { $0.totals } }

    var statistics: PostgresStatistics { state.withLock { $0.statistics } }

    var health: StoreHealth {
        state.withLock { state in
            for side in Side.allCases where state.health[side] ?? .ok != .ok { return state.health[side] ?? .ok }
            return .ok
        }
    }

    func isFailing(_ side: Side) -> Bool { state.withLock { $0.health[side] ?? .ok != .ok } }

    func count(_ change: (inout PostgresStatistics) -> Void) { state.withLock { change(&$0.statistics) } }

    /// The first look after a connection was made. What there is more than was known is a batch that was reported as
    /// failed, or what others did.
    func opened(messages: Int, bytes: Int, oldest: UnixMilliseconds?) {
        state.withLock { state in
            state.totals.recovered += messages - state.totals.messages
            state.statistics.connections += 1
        }
        changed(messages: messages, bytes: bytes, oldest: oldest)
    }

    func changed(messages: Int, bytes: Int, oldest: UnixMilliseconds?) {
        state.withLock { state in
            state.totals.messages = messages
            state.totals.bytes = bytes
            state.totals.oldestAcceptedAt = oldest
        }
    }

    func succeeded(_ side: Side) { state.withLock { $0.health[side] = .ok } }

    func failed(_ side: Side, _ reason: String) {
        let now = NIODeadline.now().uptimeNanoseconds
        state.withLock { $0.health[side, default: .ok].fail(reason, at: now) }
    }
}
