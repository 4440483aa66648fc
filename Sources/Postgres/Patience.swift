import Glibc

/// Until when a thread waits for a socket.
struct Patience {
    private let duration: Duration
    private var until: ContinuousClock.Instant

    init(_ duration: Duration) {
        self.duration = duration
        until = .now + duration
    }

    mutating func renew() { until = .now + duration }

    func wait(for socket: Int32, _ events: Int32) throws(PostgresFailure) {
        while true {
            var descriptor = pollfd(fd: socket, events: Int16(truncatingIfNeeded: events), revents: 0)
            let ready = poll(&descriptor, 1, Int32(clamping: max(0, (until - .now).milliseconds)))
            if ready > 0 { return }
            if ready < 0, errno == EINTR { continue }
            guard ready == 0 else { throw .temporary("poll: " + String(cString: strerror(errno))) }
            throw .temporary("no answer within \(duration.milliseconds) ms")
        }
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
