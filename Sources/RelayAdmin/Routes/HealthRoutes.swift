import NIOCore
import NIOHTTP1
public import Telemetry

/// The probes, and the details behind them.
public struct HealthRoutes: Sendable {
    private let registry: HealthRegistry
    private let access: DetailedAccess
    private let service: HealthService
    private let now: @Sendable () -> UInt64

    /// - Parameter now: the clock the registry's reports use, nanoseconds.
    public init(
        registry: HealthRegistry,
        access: DetailedAccess,
        service: HealthService = HealthService(),
        now: @escaping @Sendable () -> UInt64
    ) {
        self.registry = registry
        self.access = access
        self.service = service
        self.now = now
    }

    /// - Parameters:
    ///   - endpoint: of liveness (`health.endpoint`); readiness and startup lie below it.
    ///   - detailedEndpoint: `health.detailed_endpoint`.
    public func routes(
        endpoint: String = "/health",
        detailedEndpoint: String = "/health/detailed"
    ) -> [String: AdminRoute] {
        [
            "/livez": probe(.liveness, named: "livez"), "/readyz": probe(.readiness, named: "readyz"),
            "/startupz": probe(.startup, named: "startupz"), endpoint: probe(.liveness, named: "health"),
            endpoint + "/ready": probe(.readiness, named: "ready"),
            endpoint + "/startup": probe(.startup, named: "startup"),
        ].merging([detailedEndpoint: detailed]) { $1 }
    }

    private func probe(_ tier: HealthTier, named name: String) -> AdminRoute {
        AdminRoute { request in
            let wantsJSON = request.accepts(Self.json)
            guard wantsJSON || !request.query.isEmpty || !registry.isHealthy(tier, at: now()) else {
                return .text(.ok, "ok", headers: Self.uncached)
            }
            let snapshot = registry.snapshot(at: now())
            let answer = ProbeAnswer(
                name: name,
                items: snapshot.items(of: tier),
                excluded: Set(request.values(of: "exclude"))
            )
            guard !wantsJSON else { return answer.json(service, ClockPair(of: snapshot), headers: Self.uncached) }
            return answer.text(isVerbose: request.hasFlag("verbose"), headers: Self.uncached)
        }
    }

    private var detailed: AdminRoute {
        AdminRoute { request in
            guard access.allows(peer: request.directPeer, headers: request.headers) else {
                return .text(.forbidden, access.rule)
            }
            let snapshot = registry.snapshot(at: now())
            let (worst, time) = (snapshot.worst, ClockPair(of: snapshot))
            let status: HTTPResponseStatus = worst == .fail ? .serviceUnavailable : .ok
            guard request.accepts(Self.json) else {
                return .json(status, HealthDocument(snapshot, time), headers: Self.uncached)
            }
            return HealthJSON(snapshot.items, verdict: worst, service: service, time)
                .response(status, headers: Self.uncached)
        }
    }

    private static let json = "application/health+json"
    // Answers differ by Accept, and stand for this moment only.
    private static let uncached: HTTPHeaders = ["cache-control": "no-store", "vary": "accept"]
}

extension AdminRequest {
    /// By name only: a wildcard is not enough, and `q=0` says no.
    func accepts(_ mediaType: String) -> Bool {
        headers["accept"].joined(separator: ",").split(separator: ",").contains { element in
            let parts = element.split(separator: ";").map { part in part.filter { $0 != " " }.lowercased() }
            return parts.first == mediaType && !parts.dropFirst().contains { ["q=0", "q=0.0"].contains($0) }
        }
    }
}
