public import NIOCore
public import NIOHTTP1
public import NIOPosix

/// What answers on one path, by method. Runs on the admin event loop and must not wait, or on workers.
public struct AdminRoute: Sendable {
    public typealias Responder = @Sendable (AdminRequest) -> AdminResponse

    /// Called on the admin event loop, and answered there.
    public typealias Asker = @Sendable (AdminRequest, any EventLoop) -> EventLoopFuture<AdminResponse>

    private enum Way {
        case atOnce(Responder)
        case on(NIOThreadPool, Responder)
        case asking(Asker)
    }

    private struct Responding {
        var method: HTTPMethod
        var way: Way
        /// nil: as much as the listener takes for any.
        var maxBodyBytes: Int?
    }

    private var responders: [Responding]
    /// nil: for whoever reaches the listener.
    private var access: OrderAccess?

    /// - Parameter workers: for what takes longer than a probe may wait.
    public init(_ method: HTTPMethod = .GET, on workers: NIOThreadPool? = nil, respond: @escaping Responder) {
        responders = [Responding(method: method, way: workers.map { .on($0, respond) } ?? .atOnce(respond))]
    }

    /// - Parameters:
    ///   - maxBodyBytes: where more is to be taken than the listener takes for others.
    ///   - ask: for what others have to answer first. A failure is answered 503.
    public init(_ method: HTTPMethod = .GET, maxBodyBytes: Int? = nil, asking ask: @escaping Asker) {
        responders = [Responding(method: method, way: .asking(ask), maxBodyBytes: maxBodyBytes)]
    }

    /// Who is not let in brings no more than any other.
    func maxBodyBytes(_ method: HTTPMethod, _ headers: HTTPHeaders) -> Int? {
        guard access?.hasToken(headers) != false else { return nil }
        return responders.first { $0.method == method }?.maxBodyBytes
    }

    /// The same path with what another route answers to other methods.
    public func and(_ other: AdminRoute) -> AdminRoute {
        var both = self
        both.responders += other.responders
        return both
    }

    /// Without what might change something, unless it asks who orders it; nil where nothing is left.
    var forAnybody: AdminRoute? {
        guard access == nil else { return self }
        var reading = self
        reading.responders.removeAll { $0.method != .GET }
        return reading.responders.isEmpty ? nil : reading
    }

    /// Whatever it answers is for who `access` lets in.
    func guarded(by access: OrderAccess) -> AdminRoute {
        var guarded = self
        guarded.access = access
        return guarded
    }

    /// Reading only, for those that `access` lets in. What answers is for a page of this origin, and no other's.
    func guarded(by access: DetailedAccess) -> AdminRoute {
        AdminRoute(asking: { request, loop in
            guard access.allows(peer: request.directPeer, headers: request.headers) else {
                return loop.makeSucceededFuture(.text(.forbidden, access.rule))
            }
            return respond(to: request, on: loop).map { response in
                var response = response
                response.headers.replaceOrAdd(name: "cache-control", value: "no-store")
                response.headers.add(name: "x-content-type-options", value: "nosniff")
                response.headers.add(name: "cross-origin-resource-policy", value: "same-origin")
                return response
            }
        })
    }

    /// A route for GET answers HEAD too.
    func respond(to request: AdminRequest, on loop: any EventLoop) -> EventLoopFuture<AdminResponse> {
        if let refusal = access?.refusal(of: request) { return loop.makeSucceededFuture(refusal) }
        let answer = answer(to: request, on: loop)
        guard access != nil else { return answer }
        return answer.map { response in
            var response = response
            for (name, value) in OrderAccess.uncached { response.headers.replaceOrAdd(name: name, value: value) }
            return response
        }
    }

    private func answer(to request: AdminRequest, on loop: any EventLoop) -> EventLoopFuture<AdminResponse> {
        let method = request.method == .HEAD ? .GET : request.method
        guard let responder = responders.first(where: { $0.method == method }) else {
            let allowed = responders.flatMap { $0.method == .GET ? ["GET", "HEAD"] : [$0.method.rawValue] }
            let names = allowed.joined(separator: ", ")
            let refusal = AdminResponse.text(.methodNotAllowed, "Only \(names) here.", headers: ["allow": names])
            return loop.makeSucceededFuture(refusal)
        }
        switch responder.way {
        case .atOnce(let respond): return loop.makeSucceededFuture(request.whileTraced { respond(request) })
        case .on(let workers, let respond):
            return workers.runIfActive(eventLoop: loop) { request.whileTraced { respond(request) } }
                .recover { _ in .text(.serviceUnavailable, "The relay is going away.") }
        case .asking(let ask):
            return request.whileTraced { ask(request, loop) }.recover { error in
                if let refusal = error as? AdminRefusal { return .text(.badRequest, refusal.reason) }
                return .text(.serviceUnavailable, "Not answered: \(error)")
            }
        }
    }
}

/// Paths to routes, exactly; one that ends in `/` is that of everything directly below it.
public struct AdminRouter: Sendable {
    private let routes: [String: AdminRoute]
    private let tracing: RequestTracing?

    /// - Parameter tracing: nil for no spans.
    public init(_ routes: [String: AdminRoute], tracing: RequestTracing? = nil) {
        self.routes = routes
        self.tracing = tracing
    }

    /// For listeners that anybody may reach who reaches the port, a web page in a browser on this machine included.
    var forAnybody: AdminRouter { AdminRouter(routes.compactMapValues(\.forAnybody), tracing: tracing) }

    /// nil where what the listener takes for any is enough.
    func maxBodyBytes(of head: HTTPRequestHead) -> Int? {
        route(of: AdminRequest.path(of: head.uri))?.route.maxBodyBytes(head.method, head.headers)
    }

    func respond(to request: AdminRequest, on loop: any EventLoop) -> EventLoopFuture<AdminResponse> {
        let found = route(of: request.path)
        guard let tracing, let span = tracing.begin(request, route: found?.path) else {
            return answer(request, found?.route, on: loop)
        }
        var request = request
        request.span = span.context
        return answer(request, found?.route, on: loop).map { response in
            tracing.end(span, response)
            return response
        }
    }

    private func answer(
        _ request: AdminRequest,
        _ route: AdminRoute?,
        on loop: any EventLoop
    ) -> EventLoopFuture<AdminResponse> {
        guard let route else {
            if let moved = moved(request.path) { return loop.makeSucceededFuture(moved) }
            let paths = routes.keys.sorted().joined(separator: " ")
            return loop.makeSucceededFuture(.text(.notFound, "Nothing here. There is: " + paths))
        }
        return route.respond(to: request, on: loop)
    }

    /// To the path without a slash too many, in the table's own words.
    private func moved(_ path: String) -> AdminResponse? {
        guard path.last == "/", let place = routes.index(forKey: String(path.dropLast())) else { return nil }
        let location = routes[place].key
        return .text(.permanentRedirect, "It is at \(location)", headers: ["location": location])
    }

    private func route(of path: String) -> (path: String, route: AdminRoute)? {
        if let route = routes[path] { return (path, route) }
        guard let slash = path.lastIndex(of: "/"), path.index(after: slash) < path.endIndex else { return nil }
        let folder = String(path[...slash])
        return routes[folder].map { (folder, $0) }
    }
}
