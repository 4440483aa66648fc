import Listening
import NIOCore
import NIOHTTP1
import Testing

@testable import RelayAdmin

/// An admin server on a free port while `body` runs.
func withServer<Result>(
    _ routes: [String: AdminRoute],
    limits: AdminLimits = AdminLimits(),
    tracing: RequestTracing? = nil,
    proxies: ProxyTrust = .none,
    told: @escaping @Sendable (HTTPFault) -> Void = { _ in },
    proxyRefused: @escaping @Sendable (ProxyRefusal, SocketAddress?) -> Void = { _, _ in },
    _ body: (Int) async throws -> Result
) async throws -> Result {
    let server = AdminServer(proxies: proxies, told: told, proxyRefused: proxyRefused)
    let router = AdminRouter(routes, tracing: tracing)
    let address = try await server.listen(host: "127.0.0.1", port: 0, router: router, limits: limits)
    let port = try #require(address.port)
    do {
        let result = try await body(port)
        try await server.close()
        return result
    } catch {
        try await server.close()
        throw error
    }
}

extension AdminRoute {
    static func fixed(_ text: String) -> AdminRoute {
        AdminRoute { _ in .text(.ok, text) }
    }
}
