import NIOCore
import Redis
import RelayCore
import Synchronization

/// What a Redis store tells everyone else, and the scripts as the server calls them.
final class RedisPublication: Sendable {
    private struct State {
        var totals = StoreTotals()
        var statistics = RedisStatistics()
        var link = StoreHealth.ok
        var writes = StoreHealth.ok
        var scripts: [ByteBuffer] = []
        var server: RedisSettings.Address?
        var held = QueueHoldings()
        private var books = ShareBooks()

        mutating func set(_ sums: QueueSums) {
            books.note(sums.own)
            keep(sums)
        }

        mutating func reopened(_ sums: QueueSums) {
            books.reopened(sums.own)
            keep(sums)
        }

        private mutating func keep(_ sums: QueueSums) {
            held = QueueHoldings(sums)
            totals.messages = sums.messages
            totals.bytes = sums.bytes
            totals.oldestAcceptedAt = sums.oldestAcceptedAt
            (totals.recovered, totals.own) = (books.recovered, books.share)
        }
    }

    /// What the queue's keys begin with.
    let base: String
    /// The key of what this relay counts.
    let share: String
    private let state = Mutex(State())
    private let told: @Sendable (RedisPolicy) -> Void

    /// - Parameter told: the first policy, and each that differs from the one before.
    init(_ base: String, _ told: @escaping @Sendable (RedisPolicy) -> Void) {
        (self.base, self.told) = (base, told)
        share = QueueScript.newShare(of: base)
    }

    var totals: StoreTotals { state.withLock { $0.totals } }

    /// What limits over several such queues count of this one.
    var held: QueueHoldings { state.withLock { $0.held } }

    func pinned(anonymous: Int) { state.withLock { $0.held.anonymousPins = anonymous } }

    var statistics: RedisStatistics { state.withLock { $0.statistics } }

    var health: StoreHealth { state.withLock { $0.link == .ok ? $0.writes : $0.link } }

    func digest(_ script: QueueScript) -> ByteBuffer {
        state.withLock { $0.scripts.isEmpty ? ByteBuffer() : $0.scripts[script.rawValue] }
    }

    func count(_ change: (inout RedisStatistics) -> Void) { state.withLock { change(&$0.statistics) } }

    /// The one that is connected to, or was tried last.
    var server: RedisSettings.Address? { state.withLock { $0.server } }

    func tries(_ server: RedisSettings.Address) { state.withLock { $0.server = server } }

    /// The first answer of a new connection.
    func opened(_ scripts: [ByteBuffer], _ found: QueueSums, _ policy: RedisPolicy) {
        let isNew = state.withLock { state in
            state.scripts = scripts
            state.reopened(found)
            defer { state.statistics.policy = policy }
            return state.statistics.policy != policy
        }
        if isNew { told(policy) }
    }

    func changed(_ sums: QueueSums) { state.withLock { $0.set(sums) } }

    /// A server whose memory is full still removes.
    var isRefusingWrites: Bool { state.withLock { $0.writes != .ok } }

    func wrote() { state.withLock { $0.writes = .ok } }

    func connected(_ failure: String?, at now: MonotonicNanoseconds) {
        state.withLock { state in
            if let failure {
                state.link.fail(failure, at: now)
            } else {
                state.link = .ok
                state.statistics.connections += 1
            }
        }
    }

    func writeFailed(_ reason: String, at now: MonotonicNanoseconds) {
        state.withLock { $0.writes.fail(reason, at: now) }
    }
}
