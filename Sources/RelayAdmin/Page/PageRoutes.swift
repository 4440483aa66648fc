import NIOHTTP1

/// `/ui`, for this machine and who has the token: the rule of detailed health.
public struct PageRoutes: Sendable {
    private let access: DetailedAccess

    public init(access: DetailedAccess) { self.access = access }

    /// The page goes to whoever might have a token, and asks for it; what it shows goes to whoever has.
    public func routes(
        overview: AdminRoute,
        slow: AdminRoute,
        message: AdminRoute,
        connections: AdminRoute,
        queue: AdminRoute,
        logs: AdminRoute
    ) -> [String: AdminRoute] {
        let shown = [
            "/ui/overview": overview, "/ui/slow": slow, "/ui/messages/": message, "/ui/connections": connections,
            "/ui/queue": queue, "/ui/logs": logs,
        ]
        return shown.mapValues { $0.guarded(by: access) }.merging(["/ui": page]) { $1 }
    }

    private var page: AdminRoute {
        let page = OperatorPage()
        return AdminRoute { [access] request in
            guard access.hasToken || access.allows(peer: request.directPeer, headers: request.headers) else {
                return .text(.forbidden, access.rule)
            }
            return page.response
        }
    }
}
