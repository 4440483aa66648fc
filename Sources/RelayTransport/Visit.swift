import RelayCore

/// One socket's way through the turnstile, which counts it under the network it is from. Of the socket's loop.
final class Visit {
    private let turnstile: Turnstile
    private(set) var entry: Turnstile.Entry
    /// nil where a proxy has not said it yet.
    private var network: ClientNetwork?

    init(_ turnstile: Turnstile, from network: ClientNetwork?, at now: MonotonicNanoseconds) {
        self.turnstile = turnstile
        self.network = network
        entry = turnstile.enter(from: network, at: now)
    }

    /// Of one that is inside without a network.
    func attribute(to network: ClientNetwork, at now: MonotonicNanoseconds) {
        entry = turnstile.attribute(to: network, at: now)
        self.network = network
    }

    /// Let in while the table of rates was full.
    var isUntracked: Bool { entry == .admitted(isRateTracked: false) }

    func leave() { turnstile.leave(entry, from: network) }
}
