import CertificateFixture
import Foundation
import HTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import RelayTLS
import Testing

@Suite(.serialized) struct TLSTests {
    private let authority: TestAuthority
    private let group = MultiThreadedEventLoopGroup.singleton

    init() throws { authority = try TestAuthority() }

    private func server(_ issued: TestAuthority.Issued, answer: String, cutsOff: Bool? = nil) async throws
        -> ScriptedServer
    {
        let files = CertificateFiles(certificate: issued.certificate, key: issued.key)
        let certificate = try ServerCertificate(files, now: Int64(Date().timeIntervalSince1970) + 1)
        return try await ScriptedServer(
            [answer],
            closes: cutsOff != nil,
            cutsOff: cutsOff ?? false,
            tls: TLSServer([certificate], clock: { 0 })
        )
    }

    private func client(_ server: ScriptedServer, authorities: String, host: String = "localhost") throws -> HTTPClient
    {
        try HTTPClient(
            HTTPOrigin(host: host, port: server.port),
            on: group.next(),
            tls: TLSClient(authorities: authorities)
        )
    }

    private let answer = "HTTP/1.1 200 OK\r\nReplay-Nonce: n1\r\nContent-Length: 2\r\n\r\nok"

    @Test func postsAndKeepsItsConnection() async throws {
        let server = try await server(authority.issue(), answer: answer)
        let client = try client(server, authorities: authority.file)
        for _ in 0..<3 {
            let response = try await client.post("/", headers: [], body: Array("spans".utf8))
            #expect(response.status == 200 && response.body == Array("ok".utf8))
            #expect(response.headers["replay-nonce"] == ["n1"])
        }
        #expect(server.connections == 1)
        await client.close()
        try await server.close()
    }

    @Test func saysWhyItTrustsNobody() async throws {
        let server = try await server(authority.issue(), answer: answer)
        let stranger = try TestAuthority()
        let untrusting = try client(server, authorities: stranger.file)
        await #expect {
            try await untrusting.post("/", headers: [], body: Array("spans".utf8))
        } throws: {
            "\($0)".hasPrefix("no connection: the certificate does not hold: ")
        }
        try await server.close()
    }

    @Test func saysThatThereIsNoTLS() async throws {
        let server = try await ScriptedServer([""])
        var limits = HTTPClient.Limits()
        limits.connect = .milliseconds(100)
        let origin = HTTPOrigin(host: "localhost", port: server.port)
        let client = try HTTPClient(
            origin,
            on: group.next(),
            limits: limits,
            tls: TLSClient(authorities: authority.file)
        )
        await #expect(throws: HTTPClientError.unreachable("the TLS handshake took too long")) {
            try await client.post("/", headers: [], body: [])
        }
        try await server.close()
    }

    /// Without close_notify an attacker may have chosen where the answer ends.
    @Test func doesNotTakeACutForTheEnd() async throws {
        let answer = "HTTP/1.1 200 OK\r\n\r\nwhole"
        let whole = try await server(authority.issue("a"), answer: answer, cutsOff: false)
        let response = try await client(whole, authorities: authority.file)
            .post("/", headers: [], body: Array("spans".utf8))
        #expect(response.body == Array("whole".utf8))
        let cut = try await server(authority.issue("b"), answer: answer, cutsOff: true)
        let client = try client(cut, authorities: authority.file)
        await #expect(throws: TLSFailure.self) { try await client.post("/", headers: [], body: Array("spans".utf8)) }
        try await whole.close()
        try await cut.close()
    }

    /// Said or not: what has a length ends where it says.
    @Test(
        arguments: ["Content-Length: 9\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"],
        [true, false]
    )
    func doesNotTakeHalfAnAnswer(_ answer: String, cutsOff: Bool) async throws {
        let server = try await server(authority.issue(), answer: "HTTP/1.1 200 OK\r\n" + answer, cutsOff: cutsOff)
        let client = try client(server, authorities: authority.file)
        await #expect(throws: (any Error).self) { try await client.post("/", headers: [], body: Array("spans".utf8)) }
        try await server.close()
    }
}
