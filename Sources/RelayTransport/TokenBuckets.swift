import RelayCore

/// A token bucket for each key, full at first: `limit` at once and as many again in each period. A bucket is one
/// number, the time at which it will be full again, and is forgotten then.
struct TokenBuckets<Key: Hashable> {
    static var sweepInterval: MonotonicNanoseconds { .seconds(1) }

    private let limit: Int
    private let period: MonotonicNanoseconds
    private let capacity: Int
    private var fullAt: [Key: MonotonicNanoseconds] = [:]
    private var nextSweep: MonotonicNanoseconds = 0

    /// - Parameters:
    ///   - limit: 0 is none.
    ///   - capacity: of keys whose bucket is not full. What comes beyond goes unlimited and is told to the caller: a
    ///     stranger who fills the table must not lock everybody else out.
    init(limit: Int, per period: MonotonicNanoseconds, capacity: Int) {
        self.limit = limit
        self.period = period
        self.capacity = capacity
    }

    var count: Int { fullAt.count }

    /// How long until there is a token; nil where there is one now.
    func wait(_ key: Key, at now: MonotonicNanoseconds) -> MonotonicNanoseconds? {
        guard limit > 0, let full = fullAt[key] else { return nil }
        let room = now + period - interval
        return full > room ? full - room : nil
    }

    /// To be called where `wait` is nil.
    /// - Returns: false where the table had no room to remember it.
    mutating func take(_ key: Key, at now: MonotonicNanoseconds) -> Bool {
        guard limit > 0 else { return true }
        if fullAt[key] == nil, count >= capacity { sweep(at: now) }
        guard fullAt[key] != nil || count < capacity else { return false }
        fullAt[key] = max(fullAt[key] ?? 0, now) + interval
        return true
    }

    private var interval: MonotonicNanoseconds { period / UInt64(limit) }

    /// A full table is searched at most once a second: a flood must not pay for it at each socket.
    private mutating func sweep(at now: MonotonicNanoseconds) {
        guard now >= nextSweep else { return }
        nextSweep = now + Self.sweepInterval
        fullAt = fullAt.filter { $0.value > now }
    }
}
