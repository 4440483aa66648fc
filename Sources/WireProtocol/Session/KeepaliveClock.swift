/// When an open session is due for a PING, or for closing. Times are monotonic nanoseconds.
///
/// Any frame of the agent proves it is there. A PING goes out after an interval of silence and then once an interval;
/// `maxMissed` of them without any frame in return, the last given its time-out, end the session.
struct KeepaliveClock: Equatable, Sendable {
    enum Verdict: Equatable {
        case quiet, ping, missed, idle
    }

    private let interval, timeout, idleTimeout: UInt64
    private let maxMissed: Int
    private(set) var lastHeard: UInt64
    private var pingSent: UInt64 = 0
    private(set) var unanswered = 0
    private var stoppedAt: UInt64?

    init(configuration: SessionConfiguration, openedAt: UInt64) {
        interval = configuration.keepaliveInterval
        timeout = configuration.keepaliveTimeout
        idleTimeout = configuration.idleTimeout
        maxMissed = max(configuration.maxMissedPings, 1)
        lastHeard = openedAt
    }

    mutating func heard(at now: UInt64) {
        lastHeard = now
        unanswered = 0
    }

    /// nil while stopped, and where neither limit is on.
    var nextDeadline: UInt64? {
        guard stoppedAt == nil else { return nil }
        guard let keepaliveDeadline, let idleDeadline else { return keepaliveDeadline ?? idleDeadline }
        return min(keepaliveDeadline, idleDeadline)
    }

    mutating func timePassed(at now: UInt64) -> Verdict {
        guard stoppedAt == nil else { return .quiet }
        if let idleDeadline, idleDeadline <= now { return .idle }
        guard let keepaliveDeadline, keepaliveDeadline <= now else { return .quiet }
        guard unanswered < maxMissed else { return .missed }
        unanswered += 1
        pingSent = now
        return .ping
    }

    /// The relay stops reading from this agent, so its silence means nothing (design: back-pressure on a sender).
    mutating func stop(at now: UInt64) {
        stoppedAt = stoppedAt ?? now
    }

    mutating func resume(at now: UInt64) {
        guard let stopped = stoppedAt else { return }
        stoppedAt = nil
        let pause = now > stopped ? now - stopped : 0
        lastHeard = min(Self.later(lastHeard, by: pause), now)
        pingSent = min(Self.later(pingSent, by: pause), now)
    }

    private var keepaliveDeadline: UInt64? {
        guard interval > 0 else { return nil }
        if unanswered == 0 { return Self.later(lastHeard, by: interval) }
        return Self.later(pingSent, by: unanswered < maxMissed ? max(interval, timeout) : timeout)
    }

    private var idleDeadline: UInt64? {
        idleTimeout > 0 ? Self.later(lastHeard, by: idleTimeout) : nil
    }

    static func later(_ time: UInt64, by duration: UInt64) -> UInt64 {
        let (sum, overflow) = time.addingReportingOverflow(duration)
        return overflow ? .max : sum
    }
}
