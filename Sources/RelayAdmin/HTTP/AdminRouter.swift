public import NIOHTTP1

/// What answers on one path, by method. Runs on the admin event loop and must not wait.
public struct AdminRoute: Sendable {
    public typealias Responder = @Sendable (AdminRequest) -> AdminResponse

    private var responders: [(method: HTTPMethod, respond: Responder)]

    public init(_ method: HTTPMethod = .GET, respond: @escaping Responder) {
        responders = [(method, respond)]
    }

    /// The same path with what another route answers to other methods.
    public func and(_ other: AdminRoute) -> AdminRoute {
        var both = self
        both.responders += other.responders
        return both
    }

    /// Without what might change something; nil where nothing is left.
    var readOnly: AdminRoute? {
        var reading = self
        reading.responders.removeAll { $0.method != .GET }
        return reading.responders.isEmpty ? nil : reading
    }

    /// A route for GET answers HEAD too.
    func respond(to request: AdminRequest) -> AdminResponse {
        let method = request.method == .HEAD ? .GET : request.method
        guard let responder = responders.first(where: { $0.method == method }) else {
            let allowed = responders.flatMap { $0.method == .GET ? ["GET", "HEAD"] : [$0.method.rawValue] }
            let names = allowed.joined(separator: ", ")
            return .text(.methodNotAllowed, "Only \(names) here.", headers: ["allow": names])
        }
        return responder.respond(request)
    }
}

/// Paths to routes, exactly.
public struct AdminRouter: Sendable {
    private let routes: [String: AdminRoute]

    public init(_ routes: [String: AdminRoute]) { self.routes = routes }

    /// For listeners that anybody may reach who reaches the port, a web page in a browser on this machine included.
    var readOnly: AdminRouter { AdminRouter(routes.compactMapValues(\.readOnly)) }

    public func respond(to request: AdminRequest) -> AdminResponse {
        guard let route = routes[request.path] else {
            return .text(.notFound, "Nothing here. There is: " + routes.keys.sorted().joined(separator: " "))
        }
        return route.respond(to: request)
    }
}
