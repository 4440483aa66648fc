import NIOCore

/// Which address is next, and how long to wait before it: all of them at once, then after 100 ms, twice as long each
/// round, up to 5 s, less up to half of it by chance, so that many relays do not come back in step.
struct Reconnection {
    private static let shortest: Int64 = 100_000_000
    private static let longest: Int64 = 5_000_000_000

    var addresses: Int { didSet { address = address < addresses ? address : 0 } }
    private(set) var address = 0
    private var triedInRound = 0
    private var delay = Self.shortest

    init(addresses: Int) { self.addresses = max(1, addresses) }

    /// - Parameter chance: 0 ..< 1.
    mutating func failed(chance: Double) -> TimeAmount {
        address = (address + 1) % addresses
        triedInRound += 1
        guard triedInRound >= addresses else { return .zero }
        triedInRound = 0
        defer { delay = min(delay * 2, Self.longest) }
        return .nanoseconds(delay - Int64(Double(delay / 2) * chance))
    }

    mutating func succeeded() {
        triedInRound = 0
        delay = Self.shortest
    }
}
