/// Which host is next, and how long to wait before it: all of them at once, then after 100 ms, twice as long each
/// round, up to 5 s, less up to half of it by chance, so that many relays do not come back in step.
struct Reconnection {
    private static let shortest = Duration.milliseconds(100)
    private static let longest = Duration.seconds(5)

    private let hosts: Int
    private(set) var host = 0
    private var triedInRound = 0
    private var delay = Self.shortest

    init(hosts: Int) { self.hosts = max(1, hosts) }

    /// - Parameter chance: 0 ..< 1.
    /// - Returns: nil where the next host is to be tried at once.
    mutating func failed(chance: Double) -> Duration? {
        host = (host + 1) % hosts
        triedInRound += 1
        guard triedInRound >= hosts else { return nil }
        triedInRound = 0
        defer { delay = min(delay * 2, Self.longest) }
        return delay - delay / 2 * chance
    }

    mutating func succeeded() {
        triedInRound = 0
        delay = Self.shortest
    }
}
