import NIOCore
import NIOHTTP1
public import Telemetry

/// The probes, and the details behind them.
public struct HealthRoutes: Sendable {
    private let registry: HealthRegistry
    private let access: DetailedAccess
    private let now: @Sendable () -> UInt64

    /// - Parameter now: the clock the registry's reports use, nanoseconds.
    public init(registry: HealthRegistry, access: DetailedAccess, now: @escaping @Sendable () -> UInt64) {
        self.registry = registry
        self.access = access
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
            let wantsJSON = request.accepts("application/health+json")
            guard wantsJSON || !request.query.isEmpty || !registry.isHealthy(tier, at: now()) else {
                return .text(.ok, "ok", headers: Self.uncached)
            }
            let answer = ProbeAnswer(
                name: name,
                items: registry.snapshot(at: now()).items(of: tier),
                excluded: Set(request.values(of: "exclude"))
            )
            guard !wantsJSON else { return answer.json(headers: Self.uncached) }
            return answer.text(isVerbose: request.hasFlag("verbose"), headers: Self.uncached)
        }
    }

    private var detailed: AdminRoute {
        AdminRoute { request in
            guard access.allows(peer: request.peer, headers: request.headers) else {
                return .text(.forbidden, access.rule)
            }
            let document = HealthDocument(registry.snapshot(at: now()), wallClock: WallClock.unixMilliseconds())
            let status: HTTPResponseStatus = document.status == .fail ? .serviceUnavailable : .ok
            return .json(status, document, headers: Self.uncached)
        }
    }

    private static let uncached: HTTPHeaders = ["cache-control": "no-store"]
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
