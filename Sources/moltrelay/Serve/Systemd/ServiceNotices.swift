import RelayCore

/// What systemd is told and when, in the words of sd_notify(3): what the relay sees of itself and the time in, the
/// lines of one datagram out; none where there is nothing to tell.
struct ServiceNotices: Sendable {
    struct Trouble: Sendable {
        var name: String
        /// May count on from look to look.
        var reason: String
    }

    struct Look: Sendable {
        /// Everything was up once.
        var hasStarted: Bool
        /// Every loop that carries messages has turned lately.
        var loopsTurn: Bool
        /// Why no traffic should come, by check or latch; none where it may.
        var trouble: [Trouble]
        var agents: Int
        var queued: Int
        /// Messages since the start.
        var accepted: UInt64
    }

    /// A status that only counts on is renewed no sooner; trouble is told at once.
    static let statusInterval: MonotonicNanoseconds = .seconds(5)
    static let maxTroubleCharacters = 200

    private enum Phase {
        case starting, running, stopping
    }

    private let feedInterval: MonotonicNanoseconds?
    private var phase = Phase.starting
    private var fedAt: MonotonicNanoseconds?
    private var told: (at: MonotonicNanoseconds, status: String, look: Look)?

    /// - Parameter watchdog: microseconds within which systemd wants to hear that the service lives; nil where it does
    ///   not ask.
    init(watchdog: UInt64?) {
        // Half of it, as sd_watchdog_enabled(3) advises.
        feedInterval = watchdog.map { $0 * 500 }
    }

    /// Until everything is up. What is queued is read and checked first, which may take minutes.
    func starting() -> [String] { ["STATUS=starting: reading the queue"] }

    mutating func looked(_ look: Look, at now: MonotonicNanoseconds) -> [String] {
        var lines: [String] = []
        if look.hasStarted, phase == .starting {
            phase = .running
            lines.append("READY=1")
        }
        if let status = newStatus(look, at: now) { lines.append("STATUS=\(status)") }
        if isFeedDue(at: now), look.loopsTurn {
            fedAt = now
            lines.append("WATCHDOG=1")
        }
        return lines
    }

    /// - Parameter time: microseconds of CLOCK_MONOTONIC, when the order to reload was read.
    func reloading(at time: UInt64) -> [String] {
        phase == .running ? ["RELOADING=1", "MONOTONIC_USEC=\(time)"] : []
    }

    func reloaded() -> [String] { phase == .running ? ["READY=1"] : [] }

    /// - Parameter limit: microseconds that it may take to the end of the process; systemd waits at least as long.
    mutating func stopping(within limit: UInt64) -> [String] {
        phase = .stopping
        return ["STOPPING=1", "EXTEND_TIMEOUT_USEC=\(limit)"]
    }

    /// The process ends without having served.
    func failed(_ reason: String) -> [String] { ["STATUS=did not start: \(Self.line(reason))"] }

    private func isFeedDue(at now: MonotonicNanoseconds) -> Bool {
        guard let feedInterval else { return false }
        return fedAt.map { now >= $0 + feedInterval } ?? true
    }

    private mutating func newStatus(_ look: Look, at now: MonotonicNanoseconds) -> String? {
        let isTurn = told.map { $0.look.trouble.map(\.name) != look.trouble.map(\.name) } ?? true
        if let told, !isTurn, now < told.at + Self.statusInterval { return nil }
        let status = status(look, at: now)
        defer { told = (now, status, look) }
        return status == told?.status ? nil : status
    }

    private func status(_ look: Look, at now: MonotonicNanoseconds) -> String {
        let counts = "agents: \(look.agents), queued: \(look.queued), messages/s: \(rate(look, at: now))"
        guard phase != .stopping else { return "draining; \(counts)" }
        guard !look.trouble.isEmpty else { return counts }
        let trouble = look.trouble.map { "\($0.name): \($0.reason)" }.joined(separator: ", ")
        return "not ready: \(Self.line(trouble)); \(counts)"
    }

    private func rate(_ look: Look, at now: MonotonicNanoseconds) -> Int {
        guard let told, now > told.at, look.accepted > told.look.accepted else { return 0 }
        return Int((Double(look.accepted - told.look.accepted) / Double(now - told.at) * 1e9).rounded())
    }

    /// A line break would begin another variable.
    private static func line(_ text: String) -> String {
        String(text.prefix(maxTroubleCharacters).map { $0.isNewline ? " " : $0 })
    }
}
