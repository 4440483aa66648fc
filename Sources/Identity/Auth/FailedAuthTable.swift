import WireProtocol

/// Failed AUTHs by agent and client address, in one number each: when the last of them will be forgiven, at one every
/// `hour / limit`. The address is part of the key because the agent id of a failed AUTH is a mere claim: by the id
/// alone a stranger could lock an agent out.
struct FailedAuthTable {
    /// About 2 MiB. When it is full of failures not yet forgiven, further agents go unlimited and are counted.
    static let capacity = 16_384
    static let sweepInterval: UInt64 = 60 * 1_000_000_000
    private static let hour: UInt64 = 3600 * 1_000_000_000

    struct Key: Hashable {
        let agent: AgentHash
        let address: String
    }

    private(set) var untracked = 0
    private var forgivenAt: [Key: UInt64] = [:]
    private var nextSweep: UInt64 = 0

    var count: Int { forgivenAt.count }

    /// Milliseconds until the next attempt is taken; nil where one is taken now.
    /// - Parameter now: monotonic nanoseconds.
    func retryAfter(_ key: Key, limit: Int, now: UInt64) -> UInt64? {
        guard limit > 0, let forgiven = forgivenAt[key] else { return nil }
        let allowedAhead = Self.hour / UInt64(limit) * UInt64(limit - 1)
        guard forgiven > now + allowedAhead else { return nil }
        return (forgiven - now - allowedAhead + 999_999) / 1_000_000
    }

    mutating func failed(_ key: Key, limit: Int, now: UInt64) {
        guard limit > 0 else { return }
        if forgivenAt[key] == nil, count >= Self.capacity { sweep(now) }
        guard forgivenAt[key] != nil || count < Self.capacity else { return untracked += 1 }
        forgivenAt[key] = max(forgivenAt[key] ?? 0, now) + Self.hour / UInt64(limit)
    }

    /// A full table is searched at most once a minute: a flood of failures must not pay for it at each.
    private mutating func sweep(_ now: UInt64) {
        guard now >= nextSweep else { return }
        nextSweep = now + Self.sweepInterval
        forgivenAt = forgivenAt.filter { $0.value > now }
    }
}
