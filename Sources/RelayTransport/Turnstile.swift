import NIOCore
import RelayCore
import Synchronization

/// Counts sockets in and out (protocol section 10). One for the process, not one a loop: the kernel's sockets go round
/// the loops, so that a loop's share of an address says nothing of the whole. Its lock is taken twice in a socket's
/// life.
final class Turnstile: Sendable {
    /// Refused sockets that wait for their request, to be told why; beyond them a socket is closed without a word.
    static let maxRefused = 1_024
    /// Addresses with a bucket that is not full, 24 bytes each.
    static let maxAddresses = 65_536

    enum Entry: Equatable, Sendable {
        /// - Parameter isRateTracked: false where the table of rates had no room for the address.
        case admitted(isRateTracked: Bool)
        case refused(ConnectionLimit, retryAfter: MonotonicNanoseconds)
        /// Refused, and with too many others to wait for a request.
        case turnedAway(ConnectionLimit)
    }

    private struct State {
        var limits: TransportLimits
        var isMemoryTight = false
        var rate: TokenBuckets<Int>
        var addressRate: TokenBuckets<ClientNetwork>
        /// Open sockets, refused ones not among them; bounded by `maxConnections`.
        var byAddress: [ClientNetwork: Int] = [:]
        var count = 0
        var refused = 0
        var isClosed = false
    }

    private let state: Mutex<State>

    init(limits: TransportLimits) {
        state = Mutex(State(limits: limits, rate: Self.rate(limits), addressRate: Self.addressRate(limits)))
    }

    private static func rate(_ limits: TransportLimits) -> TokenBuckets<Int> {
        TokenBuckets(limit: limits.connectionsPerSecond, per: .seconds(1), capacity: 1)
    }

    private static func addressRate(_ limits: TransportLimits) -> TokenBuckets<ClientNetwork> {
        TokenBuckets(limit: limits.connectionsPerIPPerSecond, per: .seconds(1), capacity: maxAddresses)
    }

    /// For sockets that come from now on; a rate that changed begins anew.
    func limit(by new: TransportLimits) {
        state.withLock { state in
            if new.connectionsPerSecond != state.limits.connectionsPerSecond { state.rate = Self.rate(new) }
            if new.connectionsPerIPPerSecond != state.limits.connectionsPerIPPerSecond {
                state.addressRate = Self.addressRate(new)
            }
            state.limits = new
        }
    }

    func memory(isTight: Bool) { state.withLock { $0.isMemoryTight = isTight } }

    /// Every entry but `turnedAway` is to be given back with `leave`.
    /// - Parameter network: nil where a proxy will say whose socket it is: `attribute` counts its address then.
    func enter(from network: ClientNetwork?, at now: MonotonicNanoseconds) -> Entry {
        state.withLock { state in
            let refusal = refusal(state, now) ?? network.flatMap { self.refusal(state, of: $0, now) }
            if let (limit, wait) = refusal ?? rateRefusal(state, now) { return refuse(&state, limit, wait) }
            _ = state.rate.take(0, at: now)
            state.count += 1
            return .admitted(isRateTracked: network.map { count(&state, $0, now) } ?? true)
        }
    }

    /// A socket that entered without an address turns out to be from there. What is refused now stays inside no more.
    func attribute(to network: ClientNetwork, at now: MonotonicNanoseconds) -> Entry {
        state.withLock { state in
            guard let (limit, wait) = refusal(state, of: network, now) else {
                return .admitted(isRateTracked: count(&state, network, now))
            }
            state.count -= 1
            return refuse(&state, limit, wait)
        }
    }

    /// - Returns: false where the table of rates had no room for the address.
    private func count(_ state: inout State, _ network: ClientNetwork, _ now: MonotonicNanoseconds) -> Bool {
        state.byAddress[network, default: 0] += 1
        return state.addressRate.take(network, at: now)
    }

    private func refuse(_ state: inout State, _ limit: ConnectionLimit, _ wait: MonotonicNanoseconds) -> Entry {
        guard state.refused < Self.maxRefused else { return .turnedAway(limit) }
        state.refused += 1
        return .refused(limit, retryAfter: wait)
    }

    /// 0...1 of `maxConnections`: what a PONG says of this relay. 0 without a limit.
    var load: Double {
        let (count, most) = state.withLock { ($0.count, $0.limits.maxConnections) }
        return most > 0 ? min(1, Double(count) / Double(most)) : 0
    }

    /// - Parameter network: nil where it was never attributed to one.
    func leave(_ entry: Entry, from network: ClientNetwork?) {
        state.withLock { state in
            switch entry {
            case .turnedAway: break
            case .refused: state.refused -= 1
            case .admitted:
                state.count -= 1
                guard let network else { return }
                let left = (state.byAddress[network] ?? 1) - 1
                state.byAddress[network] = left > 0 ? left : nil
            }
        }
    }

    private typealias Refusal = (ConnectionLimit, MonotonicNanoseconds)

    private func refusal(_ state: borrowing State, _ now: MonotonicNanoseconds) -> Refusal? {
        if state.isMemoryTight { return (.memory, .seconds(5)) }
        return state.count < state.limits.maxConnections ? nil : (.connections, .seconds(5))
    }

    private func refusal(
        _ state: borrowing State,
        of network: ClientNetwork,
        _ now: MonotonicNanoseconds
    ) -> Refusal? {
        if state.limits.maxConnectionsPerIP > 0, state.byAddress[network] ?? 0 >= state.limits.maxConnectionsPerIP {
            return (.connectionsPerIP, .seconds(5))
        }
        return state.addressRate.wait(network, at: now).map { (.connectionsPerIPPerSecond, $0) }
    }

    private func rateRefusal(_ state: borrowing State, _ now: MonotonicNanoseconds) -> Refusal? {
        state.rate.wait(0, at: now).map { (.connectionsPerSecond, $0) }
    }

    /// The listener is closed: a socket that came before and has not asked for its upgrade is refused it.
    func close() { state.withLock { $0.isClosed = true } }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Sockets inside, and refused ones that wait.
    var counts: (inside: Int, refused: Int) { state.withLock { ($0.count, $0.refused) } }
}
