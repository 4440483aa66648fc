// The queue in PostgreSQL, where it is there.
extension Rule {
    static let postgres = [
        warning("storage.postgres.password_file") { draft, surroundings in
            guard let path = draft.postgres?.passwordFile, !surroundings.fileExists(path) else { return nil }
            return "storage.postgres.password_file: \(quote(path)) does not exist on this machine"
        },
        warning("storage.postgres.ssl_mode", "storage.postgres.host") { draft, _ in
            guard let postgres = draft.postgres, [.disable, .allow, .prefer].contains(postgres.sslMode),
                let other = postgres.hosts.first(where: { !isOnThisMachine($0) })
            else { return nil }
            return
                "with storage.postgres.ssl_mode: \(postgres.sslMode.rawValue) the password and every message may go to "
                + "\(other) without TLS: say `require` or `verify-full` unless nobody else is on that network"
        },
    ]

    private static func isOnThisMachine(_ host: String) -> Bool {
        host.hasPrefix("/") || HostPort(host: host, port: 1).isLoopback
    }
}

extension ConfigurationDraft {
    /// nil where the queue is elsewhere.
    fileprivate var postgres: Configuration.Storage.Postgres? {
        configuration.queue.storage == .postgres ? configuration.storage.postgres : nil
    }
}
