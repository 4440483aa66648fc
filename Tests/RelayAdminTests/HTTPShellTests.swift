import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import RelayAdmin

@Suite struct HTTPShellTests {
    private let routes: [String: AdminRoute] = [
        "/one": .fixed("one"),
        "/echo": AdminRoute { request in
            .text(.ok, "\(request.hasFlag("flag")) \(request.values(of: "value")) \(request.body.readableBytes)")
        },
    ]

    @Test func `an answer has its length, its type and our name only`() async throws {
        try await withServer(routes) { port in
            let answer = try Curl.get("http://127.0.0.1:\(port)/one")
            #expect(answer.status == 200)
            #expect(answer.body == "one\n")
            #expect(
                answer.head == "http/1.1 200 ok\r\nserver: moltrelay\r\ncontent-type: text/plain; charset=utf-8\r\n"
                    + "content-length: 4\r\nconnection: keep-alive"
            )
        }
    }

    @Test func `HEAD is GET without the body`() async throws {
        try await withServer(routes) { port in
            let connection = try RawConnection(port: port)
            try connection.send("HEAD /one HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            let answer = try connection.receive()
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.contains("content-length: 4\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n"))
            connection.close()
        }
    }

    @Test func `a connection serves several requests, pipelined ones in order`() async throws {
        try await withServer(routes) { port in
            let connection = try RawConnection(port: port)
            try connection.send("GET /one HTTP/1.1\r\nhost: x\r\n\r\n")
            #expect(try connection.receive(until: "one\n").hasPrefix("HTTP/1.1 200"))
            try connection.send(
                "GET /echo?value=1 HTTP/1.1\r\n\r\nGET /echo?value=2 HTTP/1.1\r\nconnection: close\r\n\r\n"
            )
            let answers = try connection.receive()
            let first = try #require(answers.range(of: #"false ["1"] 0"#))
            let second = try #require(answers.range(of: #"false ["2"] 0"#))
            #expect(first.upperBound < second.lowerBound)
            connection.close()
        }
    }

    @Test func `an unknown path says what there is, a wrong method what is allowed`() async throws {
        try await withServer(routes) { port in
            let missing = try Curl.get("http://127.0.0.1:\(port)/nothing")
            #expect(missing.status == 404)
            #expect(missing.body == "Nothing here. There is: /echo /one\n")
            let wrong = try Curl.get("http://127.0.0.1:\(port)/one", "-X", "DELETE")
            #expect(wrong.status == 405)
            #expect(wrong.head.contains("allow: get, head"))
        }
    }

    struct Excess: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var status: Int
        var request: String
    }

    static let excesses = [
        Excess(
            testDescription: "one long field",
            status: 431,
            request: "GET /one HTTP/1.1\r\nx: \(String(repeating: "a", count: 20_000))\r\n\r\n"
        ),
        Excess(
            testDescription: "many fields",
            status: 431,
            request: "GET /one HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 10_000) + "\r\n"
        ),
        Excess(
            testDescription: "a long address",
            status: 431,
            request: "GET /one?\(String(repeating: "a", count: 20_000)) HTTP/1.1\r\n\r\n"
        ),
        Excess(
            testDescription: "an announced body",
            status: 413,
            request: "POST /one HTTP/1.1\r\ncontent-length: 20000\r\n\r\n" + String(repeating: "a", count: 20_000)
        ),
        Excess(
            testDescription: "a body in chunks",
            status: 413,
            request: "POST /one HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5000\r\n"
                + String(repeating: "a", count: 0x5000)
        ),
        Excess(testDescription: "a TLS handshake", status: 400, request: "\u{16}\u{3}\u{1} no HTTP\r\n\r\n"),
    ]

    @Test(arguments: excesses)
    func `a request over the limits is told so and closed`(excess: Excess) async throws {
        try await withServer(routes) { port in
            let connection = try RawConnection(port: port)
            try connection.send(excess.request)
            let answer = try connection.receive()
            #expect(answer.hasPrefix("HTTP/1.1 \(excess.status) "), "\(answer)")
            #expect(answer.contains("connection: close\r\n\r\n") && answer.hasSuffix("\n"))
            connection.close()
        }
    }

    @Test func `a client that does not finish its header is cut off`() async throws {
        var limits = AdminLimits()
        // A busy machine must send half a header in it.
        limits.requestTimeout = .milliseconds(500)
        try await withServer(routes, limits: limits) { port in
            let connection = try RawConnection(port: port)
            try connection.send("GET /one HTTP/1.1\r\nx: ")
            #expect(try connection.receive().hasPrefix("HTTP/1.1 408 "), "and not before it was told why")
            connection.close()
            let silent = try RawConnection(port: port)
            #expect(try silent.receive() == "")
            silent.close()
        }
    }

    @Test func `however many clients sit there, a probe gets through`() async throws {
        var limits = AdminLimits()
        limits.maxConnections = 3
        try await withServer(routes, limits: limits) { port in
            let idle = try (0..<3).map { _ in try RawConnection(port: port) }
            for connection in idle { try connection.send("GET /one HTTP/1.1\r\n\r\nGET /on") }
            for connection in idle { _ = try connection.receive(until: "one\n") }
            #expect(try Curl.get("http://127.0.0.1:\(port)/one").status == 200)
            #expect(try idle[0].receive() == "", "the oldest made room")
            try idle[2].send("e HTTP/1.1\r\nconnection: close\r\n\r\n")
            #expect(try idle[2].receive().hasPrefix("HTTP/1.1 200"))
            for connection in idle { connection.close() }
        }
    }

    /// So many bytes, which no socket takes at once.
    private func large(_ bytes: Int, counting asked: Counter) -> AdminRoute {
        let text = String(repeating: "x", count: bytes)
        return AdminRoute { _ in
            asked.increment()
            return .text(.ok, text)
        }
    }

    @Test func `however many clients do not read, a probe gets through`() async throws {
        let (asked, crowded) = (Counter(), Counter())
        var limits = AdminLimits()
        limits.maxConnections = 2
        // The tests share two threads, and one may wait for its turn.
        limits.responseTimeout = .minutes(10)
        limits.idleTimeout = .minutes(10)
        try await withServer(
            ["/big": large(32 << 20, counting: asked), "/one": .fixed("one")],
            limits: limits,
            told: { if $0 == .crowded { crowded.increment() } }
        ) { port in
            let deaf = try (0..<2).map { _ in try RawConnection(port: port) }
            for connection in deaf { try connection.send("GET /big HTTP/1.1\r\n\r\n") }
            while asked.value < 2 { await Task.yield() }
            #expect(try Curl.get("http://127.0.0.1:\(port)/one").status == 200)
            #expect(crowded.value == 1)
            for connection in deaf { connection.close() }
        }
    }

    @Test func `who is owed nothing makes room before one that is being answered, however long it sat there`()
        async throws
    {
        let asked = Counter()
        var limits = AdminLimits()
        limits.maxConnections = 2
        // The tests share two threads, and one may wait for its turn.
        limits.responseTimeout = .minutes(10)
        limits.idleTimeout = .minutes(10)
        let routes = ["/big": large(32 << 20, counting: asked), "/one": .fixed("one")]
        try await withServer(routes, limits: limits) { port in
            let slow = try RawConnection(port: port)
            try slow.send("GET /big HTTP/1.1\r\nconnection: close\r\n\r\n")
            while asked.value < 1 { await Task.yield() }
            let idle = try RawConnection(port: port)
            try idle.send("GET /one HTTP/1.1\r\n\r\n")
            _ = try idle.receive(until: "one\n")
            #expect(try Curl.get("http://127.0.0.1:\(port)/one").status == 200)
            #expect(try idle.receive() == "")
            #expect(try slow.receive().utf8.count > 32 << 20)
            for connection in [slow, idle] { connection.close() }
        }
    }

    @Test func `a client that does not read holds one answer, not thousands`() async throws {
        let counter = Counter()
        var limits = AdminLimits()
        limits.responseTimeout = .milliseconds(50)
        try await withServer(["/big": large(16 << 20, counting: counter)], limits: limits) { port in
            let connection = try RawConnection(port: port)
            // At once: it is cut off soon after the first.
            try connection.send(String(repeating: "GET /big HTTP/1.1\r\n\r\n", count: 8))
            while counter.value == 0 { await Task.yield() }
            #expect(try Curl.get("http://127.0.0.1:\(port)/nothing").status == 404, "others are served meanwhile")
            #expect(counter.value == 1)
            connection.close()
        }
        #expect(counter.value == 1, "nor are the other seven made once it is gone")
    }

    @Test func `an address in use, and one that is nobody's, are told`() async throws {
        try await withServer(routes) { port in
            let second = AdminServer()
            await #expect(throws: ListenerError(address: "127.0.0.1:\(port)", reason: .inUse)) {
                _ = try await second.listen(host: "127.0.0.1", port: port, router: AdminRouter([:]))
            }
            await #expect(throws: ListenerError(address: "203.0.113.1:0", reason: .notOurAddress)) {
                _ = try await second.listen(host: "203.0.113.1", port: 0, router: AdminRouter([:]))
            }
            try await second.close()
        }
        #expect(
            ListenerError(address: "0.0.0.0:443", reason: .permissionDenied).description
                == "cannot listen on 0.0.0.0:443: permission denied (ports below 1024 need root or CAP_NET_BIND_SERVICE)"
        )
    }
}
