public import NIOHTTP1

/// What answers on one path. Runs on the admin event loop and must not wait.
public struct AdminRoute: Sendable {
    /// A route for GET answers HEAD too.
    public var method: HTTPMethod
    public var respond: @Sendable (AdminRequest) -> AdminResponse

    public init(_ method: HTTPMethod = .GET, respond: @escaping @Sendable (AdminRequest) -> AdminResponse) {
        self.method = method
        self.respond = respond
    }
}

/// Paths to routes, exactly.
public struct AdminRouter: Sendable {
    private let routes: [String: AdminRoute]

    public init(_ routes: [String: AdminRoute]) { self.routes = routes }

    public func respond(to request: AdminRequest) -> AdminResponse {
        guard let route = routes[request.path] else {
            return .text(.notFound, "Nothing here. There is: " + routes.keys.sorted().joined(separator: " "))
        }
        let allowed: [HTTPMethod] = route.method == .GET ? [.GET, .HEAD] : [route.method]
        guard allowed.contains(request.method) else {
            let names = allowed.map(\.rawValue).joined(separator: ", ")
            return .text(.methodNotAllowed, "Only \(names) here.", headers: ["allow": names])
        }
        return route.respond(request)
    }
}
