import Glibc
import Logging
import RelayCore
import RelayTransport
import Synchronization
import Telemetry

/// Tells systemd how the relay is, where systemd asked to be told.
final class ServiceReport: Sendable {
    private static let interval = Duration.milliseconds(500)
    /// To close connections and the store once the drain is over.
    private static let ending: UInt64 = 15_000

    private struct State: Sendable {
        var notices: ServiceNotices
        var isUnheard = false
    }

    /// nil where systemd did not ask.
    private let socket: NotifySocket?
    private let logger: Logger
    private let interval: Duration
    private let state: Mutex<State>

    init(environment: [String: String], logger: Logger) {
        let name = environment["NOTIFY_SOCKET"]
        socket = name.flatMap(NotifySocket.init)
        if let name, socket == nil {
            logger.warning("systemd is not told anything", metadata: ["NOTIFY_SOCKET": "\(name)"])
        }
        self.logger = logger
        let watchdog = Self.watchdog(environment)
        // Four looks to a feeding, where half a second would be too slow.
        interval = max(.milliseconds(10), min(Self.interval, .microseconds(Int64(watchdog ?? .max >> 16) / 8)))
        state = Mutex(State(notices: ServiceNotices(watchdog: watchdog)))
    }

    /// As sd_watchdog_enabled(3) reads it.
    static func watchdog(_ environment: [String: String], processID: Int32 = getpid()) -> UInt64? {
        guard let period = environment["WATCHDOG_USEC"].flatMap(UInt64.init), (1...UInt64.max >> 16).contains(period)
        else { return nil }
        guard let watched = environment["WATCHDOG_PID"] else { return period }
        return Int32(watched) == processID ? period : nil
    }

    /// Until it is cancelled.
    func run(_ relay: RunningRelay) async throws {
        while socket != nil {
            tell { $0.looked(relay.look, at: relay.clock()) }
            try await Task.sleep(for: interval)
        }
    }

    func starting() {
        tell { $0.starting() }
    }

    /// `reload` happens between the two notices.
    func whileReloading(_ reload: () -> Void) {
        let time = Self.monotonicMicroseconds()
        tell { $0.reloading(at: time) }
        reload()
        tell { $0.reloaded() }
    }

    /// - Parameter milliseconds: of the drain.
    func stopping(within milliseconds: Int) {
        tell { $0.stopping(within: (UInt64(milliseconds) + Self.ending) * 1_000) }
    }

    func failed(_ error: any Error) {
        tell { $0.failed("\(error)") }
    }

    /// Under the lock, so that what is told later is sent later.
    private func tell(_ lines: (inout ServiceNotices) -> [String]) {
        let failure: Int32? = state.withLock { state in
            let lines = lines(&state.notices)
            guard let socket, !lines.isEmpty else { return nil }
            let failure = socket.send(lines.joined(separator: "\n"))
            defer { state.isUnheard = failure != nil }
            return state.isUnheard ? nil : failure
        }
        guard let failure else { return }
        logger.warning("systemd does not hear", metadata: ["reason": "\(String(cString: strerror(failure)))"])
    }

    private static func monotonicMicroseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1_000
    }
}

extension RunningRelay {
    fileprivate var look: ServiceNotices.Look {
        let health = checks.registry.snapshot(at: clock())
        let trouble = health.items(of: .readiness).compactMap { item in
            item.failure.map { ServiceNotices.Trouble(name: item.name, reason: $0) }
        }
        return ServiceNotices.Look(
            hasStarted: health.isHealthy(.startup),
            loopsTurn: loops.loops.allSatisfy { $0.silence <= HealthReport.maxSilence },
            trouble: trouble,
            agents: gauges.all.reduce(0) { $0 + $1.agents },
            queued: choice.store.totals.messages,
            accepted: registry.total("moltrelay_messages_total")
        )
    }
}
