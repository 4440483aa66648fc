public import Telemetry

extension AdminRoute {
    public static let statusPath = "/v1/status"

    /// - Parameter status: reads counters; runs on the admin event loop.
    public static func status(_ status: @escaping @Sendable () -> StatusDocument) -> AdminRoute {
        .document(status)
    }
}

extension AdminClient {
    public func statusJSON() throws(AdminClientError) -> String { try get(AdminRoute.statusPath) }

    public func status() throws(AdminClientError) -> StatusDocument { try read(statusJSON()) }
}

extension StatusDocument.Health {
    public init(_ snapshot: HealthSnapshot) {
        let items = snapshot.items(of: .liveness) + snapshot.items(of: .readiness)
        self.init(
            live: snapshot.isHealthy(.liveness),
            ready: snapshot.isHealthy(.readiness),
            started: snapshot.hasStarted,
            failing: Set(items.filter { $0.failure != nil }.map(\.name)).sorted()
        )
    }
}
