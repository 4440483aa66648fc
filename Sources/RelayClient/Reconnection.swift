import WireProtocol

/// When and where to connect next: exponential back-off with full jitter, on top of what the relay asked for. Times are
/// monotonic nanoseconds.
struct Reconnection: Sendable {
    enum Verdict: Equatable, Sendable {
        case retry(afterNanoseconds: UInt64, RelayAddress)
        case giveUp
    }

    /// A relay's wish past this is not heard: it must not be able to send an agent away for good.
    static let maxAdviceMilliseconds: UInt64 = 3_600_000
    /// A connection that did not last as long as this is one more failure, so that a relay which closes every session
    /// at once is not dialled in a tight loop.
    static let stableNanoseconds: UInt64 = 10_000_000_000

    private let primary: RelayAddress
    private let base, cap: UInt64
    private let retriesFirst: Bool
    private var failures = 0
    private var hasOpened = false
    private var openedAt: UInt64?

    init(_ configuration: RelayClient.Configuration) {
        primary = configuration.relay
        base = configuration.backoff.first.clampedNanoseconds
        cap = configuration.backoff.longest.clampedNanoseconds
        retriesFirst = configuration.retriesFirstConnection
    }

    mutating func opened(at now: UInt64) {
        hasOpened = true
        openedAt = now
    }

    /// - Parameter random: uniform over all its values.
    mutating func lost(_ failure: ConnectionFailure, at now: UInt64, random: UInt64) -> Verdict {
        guard !failure.isFinal, hasOpened || retriesFirst else { return .giveUp }
        if let openedAt, now >= openedAt, now - openedAt >= Self.stableNanoseconds { failures = 0 }
        openedAt = nil
        let advice = min(failure.reconnectAfterMilliseconds ?? 0, Self.maxAdviceMilliseconds) * 1_000_000
        let delay = advice + jitter(random)
        failures += 1
        return .retry(afterNanoseconds: delay, alternate(failure) ?? primary)
    }

    /// Nobody talks us out of TLS.
    private func alternate(_ failure: ConnectionFailure) -> RelayAddress? {
        failure.alternate.flatMap { primary.isTLS && !$0.isTLS ? nil : $0 }
    }

    private func jitter(_ random: UInt64) -> UInt64 {
        let (doubled, overflow) = base.multipliedReportingOverflow(by: 1 << min(failures, 30))
        let bound = overflow ? cap : min(doubled, cap)
        return bound == .max ? random : random.multipliedFullWidth(by: bound + 1).high
    }
}

extension ConnectionFailure {
    /// Where a relay that goes away sends us, for one attempt; an address that cannot be used is passed over.
    fileprivate var alternate: RelayAddress? {
        guard case .goneAway(let goAway) = self, let url = goAway.alternateRelay else { return nil }
        return try? RelayAddress(url)
    }
}

extension Duration {
    var clampedNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : whole.saturatingAdd(UInt64(attoseconds) / 1_000_000_000)
    }
}

extension UInt64 {
    func saturatingAdd(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
