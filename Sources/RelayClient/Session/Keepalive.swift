/// When an open connection is due for a PING, and when its relay counts as dead. Times are monotonic nanoseconds.
struct Keepalive: Equatable, Sendable {
    enum Verdict: Equatable { case quiet, ping, dead }

    private let interval, timeout: UInt64
    private let maxMissed: Int
    private var lastHeard: UInt64
    private var pingSent: UInt64 = 0
    private var unanswered = 0
    private var isPaused = false

    init(interval: UInt64, timeout: UInt64, maxMissed: Int, openedAt: UInt64) {
        self.interval = interval
        self.timeout = timeout
        self.maxMissed = max(maxMissed, 1)
        lastHeard = openedAt
    }

    mutating func heard(at now: UInt64) {
        lastHeard = now
        unanswered = 0
    }

    var deadline: UInt64 {
        if isPaused { return max(lastHeard, pingSent).saturatingAdd(interval) }
        if unanswered == 0 { return lastHeard.saturatingAdd(interval) }
        return pingSent.saturatingAdd(unanswered < maxMissed ? max(interval, timeout) : timeout)
    }

    mutating func timePassed(at now: UInt64) -> Verdict {
        guard deadline <= now else { return .quiet }
        guard isPaused || unanswered < maxMissed else { return .dead }
        if !isPaused { unanswered += 1 }
        pingSent = now
        return .ping
    }

    /// Nothing is read, so the relay's silence means nothing; but it must go on hearing us, or it closes.
    mutating func paused() { isPaused = true }

    mutating func resumed(at now: UInt64) {
        isPaused = false
        heard(at: now)
    }
}
