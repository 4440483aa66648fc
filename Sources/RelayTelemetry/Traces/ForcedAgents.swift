public import RelayCore
import Synchronization

/// Agents whose messages an operator wants traced, each until a time, by the first eight bytes of their hashes as
/// `MessageIdentity` has them. Bounded; asked by every event loop once a tick.
public final class ForcedAgents: Sendable {
    public static let maxAgents = 64

    private struct Entry {
        var agent: UInt64
        var end: MonotonicNanoseconds
    }

    private let entries = Mutex<[Entry]>([])
    /// Spares the loops the lock while nobody is traced.
    private let count = Atomic<Int>(0)

    init() {}

    /// Traces an agent until `end`, earlier or later than it was to be before.
    /// - Returns: false where `maxAgents` are traced already.
    public func force(_ agent: UInt64, until end: MonotonicNanoseconds, at now: MonotonicNanoseconds) -> Bool {
        change(at: now) { entries in
            entries.removeAll { $0.agent == agent }
            guard entries.count < Self.maxAgents else { return false }
            entries.append(Entry(agent: agent, end: end))
            return true
        }
    }

    /// - Returns: whether it was traced.
    public func release(_ agent: UInt64, at now: MonotonicNanoseconds) -> Bool {
        change(at: now) { entries in
            let before = entries.count
            entries.removeAll { $0.agent == agent }
            return entries.count < before
        }
    }

    public func active(at now: MonotonicNanoseconds) -> [(agent: UInt64, end: MonotonicNanoseconds)] {
        change(at: now) { entries in entries.map { ($0.agent, $0.end) } }
    }

    func prefixes(at now: MonotonicNanoseconds) -> [UInt64] {
        guard count.load(ordering: .relaxed) > 0 else { return [] }
        return change(at: now) { entries in entries.map(\.agent) }
    }

    private func change<Result: Sendable>(
        at now: MonotonicNanoseconds,
        _ body: (inout [Entry]) -> Result
    ) -> Result {
        entries.withLock { entries in
            entries.removeAll { $0.end <= now }
            defer { count.store(entries.count, ordering: .relaxed) }
            return body(&entries)
        }
    }
}
