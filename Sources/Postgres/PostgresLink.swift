/// A thread's connection, made again when it is lost, to whichever host takes writes.
public final class PostgresLink {
    private let settings: PostgresSettings
    private let session: String
    private let opened: (PostgresConnection) throws(PostgresFailure) -> Void
    private var connection: PostgresConnection?
    private var reconnection: Reconnection
    private var notBefore = ContinuousClock.now
    /// The host that is connected to, or was tried last.
    public private(set) var host: String
    private var lastFailure = PostgresFailure.temporary("not connected yet")

    /// - Parameters:
    ///   - session: statements for every new connection.
    ///   - opened: looks at each of them before it is used.
    public init(
        _ settings: PostgresSettings,
        session: String,
        opened: @escaping (PostgresConnection) throws(PostgresFailure) -> Void = { _ throws(PostgresFailure) in }
    ) {
        (self.settings, self.session, self.opened) = (settings, session, opened)
        reconnection = Reconnection(hosts: settings.hosts.count)
        host = settings.hosts[0]
    }

    public var port: Int { settings.port }

    public var isConnected: Bool { connection != nil }

    /// What there is, or a new one, for which every host is tried once. Where that was tried a moment ago it fails at
    /// once, with the last reason.
    public func take() throws(PostgresFailure) -> PostgresConnection {
        if let connection { return connection }
        guard ContinuousClock.now >= notBefore else { throw lastFailure }
        while true {
            host = settings.hosts[reconnection.host]
            do throws(PostgresFailure) {
                let new = try PostgresConnection(to: host, settings, session: session)
                try opened(new)
                reconnection.succeeded()
                connection = new
                return new
            } catch {
                lastFailure = error.at("\(host):\(settings.port)")
                let delay = reconnection.failed(chance: .random(in: 0..<1))
                if delay == nil, !error.isFinal { continue }
                notBefore = .now + (delay ?? .zero)
                throw lastFailure
            }
        }
    }

    /// Nothing more is known of what is under way on it.
    public func lose() { connection = nil }
}
