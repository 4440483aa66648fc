import NIOCore
import RelayCore
import Synchronization

/// What the threads of a PostgreSQL store tell everyone else.
final class PostgresPublication: Sendable {
    private struct State {
        var totals = StoreTotals()
        var books = ShareBooks()
        var statistics = PostgresStatistics()
        var health: [Side: StoreHealth] = [:]

        mutating func keep(_ sums: Sums) {
            totals.messages = sums.messages
            totals.bytes = sums.bytes
            totals.oldestAcceptedAt = sums.oldestAcceptedAt
            (totals.recovered, totals.own) = (books.recovered, books.share)
        }
    }

    /// What is queued, and what of it this relay counts.
    struct Sums {
        var messages: Int
        var bytes: Int
        var oldestAcceptedAt: UnixMilliseconds?
        var own: QueueShare
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

    /// The first look after a connection was made.
    func opened(_ sums: Sums) {
        state.withLock { state in
            state.books.reopened(sums.own)
            state.keep(sums)
            state.statistics.connections += 1
        }
    }

    func changed(_ sums: Sums) {
        state.withLock { state in
            state.books.note(sums.own)
            state.keep(sums)
        }
    }

    func succeeded(_ side: Side) { state.withLock { $0.health[side] = .ok } }

    func failed(_ side: Side, _ reason: String) {
        let now = NIODeadline.now().uptimeNanoseconds
        state.withLock { $0.health[side, default: .ok].fail(reason, at: now) }
    }
}

extension PostgresPublication.Sums {
    init(_ batch: QueueBatch, oldest: UnixMilliseconds?) {
        self.init(
            messages: batch.totals.messages,
            bytes: batch.totals.bytes,
            oldestAcceptedAt: oldest,
            own: batch.shares.ownShare
        )
    }
}
