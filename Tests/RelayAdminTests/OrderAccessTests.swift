import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import RelayAdmin

/// What a port takes from who has the token, and from nobody else.
@Suite final class OrderAccessTests: Sendable {
    private static let word = "0123456789abcdef0123456789abcdef"
    private let token = BearerToken(OrderAccessTests.word)
    private let refused = Mutex<[HTTPFault]>([])
    private let orders = Mutex<[Int]>([])

    private func withPort(_ body: (String) async throws -> Void) async throws {
        let access = OrderAccess(token: try #require(token)) { [self] fault, request in
            #expect(request.peer?.ipAddress == "127.0.0.1")
            refused.withLock { $0.append(fault) }
        }
        let large = AdminRoute(.POST, maxBodyBytes: 64 * 1024) { [self] request, loop in
            orders.withLock { $0.append(request.body.readableBytes) }
            return loop.makeSucceededFuture(.text(.ok, "taken"))
        }
        let routes = access.guarding(["/v1/seen": AdminRoute.fixed("seen").and(large), "/v1/of/": .fixed("one")])
        try await withServer(routes.merging(["/open": AdminRoute.fixed("open").and(large)]) { $1 }) { port in
            try await body("http://127.0.0.1:\(port)")
        }
    }

    private static let bearer = ["-H", "Authorization: Bearer \(word)"]

    @Test func `with the token a port reads and orders as the socket does`() async throws {
        try await withPort { url throws in
            let seen = try Curl.get(url + "/v1/seen", Self.bearer)
            #expect(seen.status == 200 && seen.body == "seen\n")
            #expect(seen.head.contains("cache-control: no-store"))
            let body = String(repeating: "x", count: 60_000)
            #expect(try Curl.get(url + "/v1/seen", Self.bearer + ["-d", body]).status == 200)
            #expect(try Curl.get(url + "/v1/seen", Self.bearer + ["-X", "DELETE"]).status == 405)
            #expect(try Curl.get(url + "/v1/of/7", Self.bearer).body == "one\n")
            #expect(try Curl.get(url + "/open", "-d", "x").status == 405)
        }
        #expect(orders.withLock { $0 } == [60_000])
        #expect(refused.withLock { $0 } == [])
    }

    @Test(arguments: [
        [], ["-H", "Authorization: Bearer"], ["-H", "Authorization: Bearer \(word)x"],
        ["-H", "Authorization: Bearer \(word.dropLast())"], ["-H", "Authorization: Basic \(word)"],
        ["-H", "Authorization: \(word)"], ["-H", "Authorization: Bearer \(word.dropLast())g"],
    ])
    func `without it every path and method is refused, and told`(_ headers: [String]) async throws {
        try await withPort { url throws in
            for question in [["/v1/seen"], ["/v1/of/7"], ["/v1/seen", "-d", "x"], ["/v1/seen", "-X", "DELETE"]] {
                let answer = try Curl.get(url + question[0], Array(question.dropFirst()) + headers)
                #expect(answer.status == 401, "\(question)")
                #expect(answer.head.contains("www-authenticate: bearer realm=\"moltrelay admin\""))
                #expect(!answer.body.contains("seen") && !answer.body.contains("one\n"))
            }
            #expect(try Curl.get(url + "/open").body == "open\n")
        }
        #expect(orders.withLock { $0 } == [])
        #expect(refused.withLock { $0 } == [.unauthorized, .unauthorized, .unauthorized, .unauthorized])
    }

    @Test func `who has no token brings no large body`() async throws {
        try await withPort { url throws in
            let answer = try Curl.get(url + "/v1/seen", "-d", String(repeating: "x", count: 20_000))
            #expect(answer.status == 413)
        }
    }

    @Test func `a page of another origin is refused, token or not`() async throws {
        try await withPort { url throws in
            for origin in ["https://evil.example", "null", "http://127.0.0.1:1", url + ".evil.example"] {
                let answer = try Curl.get(url + "/v1/seen", Self.bearer + ["-H", "Origin: \(origin)"])
                #expect(answer.status == 403, "\(origin)")
                #expect(!answer.head.contains("access-control-allow"))
            }
            #expect(try Curl.get(url + "/v1/seen", Self.bearer + ["-H", "Origin: \(url)"]).status == 200)
        }
        #expect(refused.withLock { $0 } == Array(repeating: .foreignPage, count: 4))
    }

    @Test func `another token takes the place of the one before at once`() async throws {
        let other = String(Self.word.reversed())
        try await withPort { url throws in
            token?.replace(by: other)
            #expect(try Curl.get(url + "/v1/seen", Self.bearer).status == 401)
            #expect(try Curl.get(url + "/v1/seen", "-H", "Authorization: Bearer \(other)").status == 200)
            token?.replace(by: "")
            #expect(try Curl.get(url + "/v1/seen", "-H", "Authorization: Bearer ").status == 401)
        }
    }

    @Test func `a slash too many leads to the page`() async throws {
        try await withServer(["/ui": .fixed("page"), "/ui/rows": .fixed("rows")]) { port throws in
            let url = "http://127.0.0.1:\(port)"
            let answer = try Curl.get(url + "/ui/?x=1")
            #expect(answer.status == 308 && answer.head.contains("location: /ui\r\n"), "\(answer.head)")
            #expect(try Curl.get(url + "/ui/", "-L").body.hasSuffix("page\n"))
            #expect(try Curl.get(url + "/ui/none").status == 404)
            #expect(try Curl.get(url + "/none/").status == 404)
        }
    }
}
