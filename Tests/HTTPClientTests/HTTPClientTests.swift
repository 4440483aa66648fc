import HTTPClient
import NIOCore
import NIOPosix
import Testing

@Suite(.serialized) struct HTTPClientTests {
    private let group = MultiThreadedEventLoopGroup.singleton

    private func client(_ server: ScriptedServer, _ limits: HTTPClient.Limits = HTTPClient.Limits()) -> HTTPClient {
        HTTPClient(HTTPOrigin(host: "127.0.0.1", port: server.port), on: group.next(), limits: limits)
    }

    private func post(_ client: HTTPClient, _ body: String = "spans") async throws -> HTTPResponse {
        try await client.post("/v1/traces", headers: [("Content-Type", "text/plain")], body: Array(body.utf8))
    }

    @Test func postsAndKeepsItsConnection() async throws {
        let server = try await ScriptedServer(["HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok"])
        let client = client(server)
        for _ in 0..<3 {
            let response = try await post(client)
            #expect(response.status == 202)
            #expect(response.body == Array("ok".utf8))
        }
        #expect(server.connections == 1)
        let request = server.received
        #expect(
            request.hasPrefix("POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nContent-Length: 5\r\n")
        )
        #expect(request.contains("Content-Type: text/plain\r\n\r\nspans"))
        await client.close()
        try await server.close()
    }

    @Test func opensAnotherWhereTheServerClosed() async throws {
        let server = try await ScriptedServer(["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"])
        let client = client(server)
        for _ in 0..<2 { #expect(try await post(client).status == 200) }
        #expect(server.connections == 2)
        try await server.close()
    }

    @Test func readsHowLongItIsToWait() async throws {
        let server = try await ScriptedServer(["HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"])
        let response = try await post(client(server))
        #expect(response.status == 503 && response.retryAfterSeconds == 7)
        try await server.close()
    }

    @Test func passesOverInterimAnswers() async throws {
        let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        let server = try await ScriptedServer([answer])
        #expect(try await post(client(server)).status == 200)
        try await server.close()
    }

    @Test func anUpgradeThatNobodyAskedForIsNoAnswerToWaitFor() async throws {
        let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        let server = try await ScriptedServer([answer])
        await #expect(throws: HTTPClientError.unaskedUpgrade) { try await post(client(server)) }
        try await server.close()
    }

    /// The log line of whoever asked is read by somebody who does not know SwiftNIO.
    @Test func saysInTheSystemsWordsWhyThereIsNoConnection() async throws {
        let server = try await ScriptedServer([""])
        let client = client(server)
        try await server.close()
        await #expect(throws: HTTPClientError.unreachable("Connection refused")) { try await post(client) }
    }

    @Test func doesNotWaitForEver() async throws {
        let server = try await ScriptedServer([""])
        var limits = HTTPClient.Limits()
        limits.request = .milliseconds(50)
        await #expect(throws: HTTPClientError.timeout) { try await post(client(server, limits)) }
        try await server.close()
    }

    @Test func doesNotReadForEver() async throws {
        let server = try await ScriptedServer([
            "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + String(repeating: "x", count: 90_000)
        ])
        var limits = HTTPClient.Limits()
        limits.maxBodyBytes = 1_000
        await #expect(throws: HTTPClientError.bodyTooLarge(limit: 1_000)) { try await post(client(server, limits)) }
        try await server.close()
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "HTTP/1.1 20",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ])
    func sawTheConnectionEnd(_ answer: String) async throws {
        let server = try await ScriptedServer([answer], closes: true)
        await #expect(throws: (any Error).self) { try await post(client(server)) }
        try await server.close()
    }

    @Test func saysThatNobodyListens() async throws {
        let server = try await ScriptedServer([""])
        try await server.close()
        await #expect(throws: (any Error).self) { try await post(client(server)) }
    }
}
