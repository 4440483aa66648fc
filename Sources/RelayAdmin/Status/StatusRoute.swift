import NIOHTTP1
public import Telemetry

extension AdminRoute {
    public static let statusPath = "/v1/status"

    /// - Parameter status: reads counters; runs on the admin event loop.
    public static func status(_ status: @escaping @Sendable () -> StatusDocument) -> AdminRoute {
        AdminRoute { _ in .json(.ok, status()) }
    }
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
