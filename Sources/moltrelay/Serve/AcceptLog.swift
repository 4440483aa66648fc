import Glibc
import Logging
import RelayTransport
import Synchronization

/// At most a line a minute: a relay that lives at its limit pauses with each socket that comes. The counter has them
/// all.
final class AcceptLog: Sendable {
    private static let interval = Duration.seconds(60)

    private let logger: Logger
    private let last = Mutex<ContinuousClock.Instant?>(nil)

    init(_ logger: Logger) { self.logger = logger }

    func write(_ obstacle: AcceptObstacle) {
        let now = ContinuousClock.now
        let isDue = last.withLock { last in
            if let last, last.duration(to: now) < Self.interval { return false }
            last = now
            return true
        }
        guard isDue else { return }
        logger.warning("accepting paused for want of file descriptors", metadata: ["reason": "\(reason(of: obstacle))"])
    }

    private func reason(of obstacle: AcceptObstacle) -> String {
        switch obstacle {
        case .socketsSpent(let count): "\(count) sockets are open; raise LimitNOFILE (systemd) or ulimit -n"
        case .refusedBySystem(let errno): "accept: \(String(cString: strerror(errno)))"
        }
    }
}
