import Glibc

/// RLIMIT_NOFILE of this process.
struct OpenFileLimit: Sendable, Equatable {
    var soft: UInt
    var hard: UInt

    /// For listeners, event loops, the store, log files, the admin socket and scrapes in progress.
    private static let reserve: UInt = 128

    /// Sockets of agents that fit beside the reserve; half of a limit too small for it.
    var room: Int { Int(clamping: soft - min(Self.reserve, soft / 2)) }

    /// Raises the soft limit as far as any process may. Nothing here uses select(2), for which 1024 is the default.
    static func raised() -> OpenFileLimit? {
        guard let current = current() else { return nil }
        var wanted = rlimit(rlim_cur: current.hard, rlim_max: current.hard)
        guard current.soft < current.hard, setrlimit(resource, &wanted) == 0 else { return current }
        return self.current()
    }

    static func current() -> OpenFileLimit? {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return nil }
        return OpenFileLimit(soft: UInt(limit.rlim_cur), hard: UInt(limit.rlim_max))
    }

    private static var resource: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }

    /// What to warn of at start: not room for `maxConnections` sockets.
    func warning(maxConnections: Int) -> String? {
        guard room < maxConnections else { return nil }
        return "open files are limited to \(soft): about \(room) connections fit, limits.max_connections is "
            + "\(maxConnections); raise LimitNOFILE (systemd) or ulimit -n, or lower limits.max_connections"
    }
}
