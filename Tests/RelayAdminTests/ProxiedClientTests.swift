import Listening
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import RelayAdmin

/// PROXY headers in front of requests.
@Suite final class ProxiedClientTests: Sendable {
    private let refused = Mutex<[ProxyRefusal]>([])
    private let faults = Mutex<[HTTPFault]>([])

    private static func trust(_ header: ProxyTrust.Header, _ network: String) -> ProxyTrust {
        ProxyTrust(header, networks: [AddressBlock(network)].compactMap(\.self))
    }

    private static let routes: [String: AdminRoute] = [
        "/who": AdminRoute { request in
            .text(.ok, "\(request.peer?.ipAddress ?? "nobody") \(request.directPeer?.ipAddress ?? "proxied")")
        }
    ]

    private func answer(to bytes: String, trusting proxies: ProxyTrust) async throws -> String {
        var limits = AdminLimits()
        // What is sent at once is there long before.
        limits.requestTimeout = .milliseconds(500)
        return try await withServer(
            Self.routes,
            limits: limits,
            proxies: proxies,
            told: { fault in self.faults.withLock { $0.append(fault) } },
            proxyRefused: { refusal, peer in
                #expect(peer?.ipAddress == "127.0.0.1")
                self.refused.withLock { $0.append(refusal) }
            }
        ) { port throws in
            let connection = try RawConnection(port: port)
            defer { connection.close() }
            try connection.send(bytes)
            return try connection.receive()
        }
    }

    private static let request = "GET /who HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    private static let line = "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"
    private static let near = trust(.proxyProtocol, "127.0.0.0/8")

    @Test(arguments: [
        (line, "192.0.2.1 proxied"), ("PROXY TCP6 2001:db8::7 2001:db8::1 1 2\r\n", "2001:db8::7 proxied"),
        // Whoever it speaks for, it is not the proxy itself for certain.
        ("PROXY UNKNOWN\r\n", "127.0.0.1 proxied"), ("PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n", "127.0.0.1 proxied"),
        // A probe of the proxy's own.
        ("", "127.0.0.1 127.0.0.1"),
    ])
    func `a trusted proxy says who asks, and need not`(header: String, who: String) async throws {
        let answer = try await answer(to: header + Self.request, trusting: Self.near)
        #expect(answer.hasSuffix("\r\n\r\n\(who)\n"), "\(answer)")
        #expect(faults.withLock { $0 } == [])
    }

    @Test(arguments: [ProxyTrust.none, trust(.proxyProtocol, "192.0.2.0/24"), trust(.forwardedFor, "127.0.0.0/8")])
    func `from anybody else a header is refused, and a request without one is not`(proxies: ProxyTrust) async throws {
        #expect(try await answer(to: Self.line + Self.request, trusting: proxies) == "")
        #expect(refused.withLock { $0 } == [.untrusted])
        #expect(faults.withLock { $0 } == [.proxyHeader])
        let plain = try await answer(to: Self.request, trusting: proxies)
        #expect(plain.hasSuffix("127.0.0.1 127.0.0.1\n"), "\(plain)")
    }

    @Test(arguments: [
        ("PROXY TCP4 1 2 3 4\r\n", ProxyRefusal.malformed), ("PROXY TCP4 192.0.2.1", .tooSlow),
        ("PROXY UNKNOWN " + String(repeating: " ", count: 200), .tooLarge),
    ])
    func `a header that is none is refused by its cause`(header: String, refusal: ProxyRefusal) async throws {
        #expect(try await answer(to: header, trusting: Self.near) == "")
        #expect(refused.withLock { $0 } == [refusal])
        #expect(faults.withLock { $0 } == [.proxyHeader])
    }

    /// From this machine: whoever a proxy here speaks for is somebody else.
    @Test func `who comes by a proxy is no neighbour`() async throws {
        let access = DetailedAccess(token: nil)
        let routes = ["/near": AdminRoute.fixed("near").guarded(by: access)]
        let request = "GET /near HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        try await withServer(routes, proxies: Self.near) { port throws in
            for (header, status) in [("", "200"), ("PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n", "403")] {
                let connection = try RawConnection(port: port)
                try connection.send(header + request)
                #expect(try connection.receive().hasPrefix("HTTP/1.1 \(status) "))
                connection.close()
            }
        }
    }
}
