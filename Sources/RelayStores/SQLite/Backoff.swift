import RelayCore

/// When a back end that failed may be tried again: after 100 ms, then twice as long each time, up to 5 s.
struct Backoff {
    private static let shortest: MonotonicNanoseconds = 100_000_000
    private static let longest: MonotonicNanoseconds = 5_000_000_000

    private var delay = Self.shortest
    private var notBefore: MonotonicNanoseconds = 0

    func allows(at now: MonotonicNanoseconds) -> Bool { now >= notBefore }

    mutating func failed(at now: MonotonicNanoseconds) {
        notBefore = now + delay
        delay = min(delay * 2, Self.longest)
    }

    mutating func succeeded() { self = Backoff() }
}
