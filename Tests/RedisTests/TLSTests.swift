import CertificateFixture
import ProgramFixture
import RedisFixture
import RelayTLS
import Testing

@testable import Redis

@Suite(.serialized) struct TLSTests {
    @Test func talksTLSToAServerThatItTrusts() async throws {
        let (authority, stranger) = (try TestAuthority(), try TestAuthority())
        let issued = try authority.issue("redis")
        let port = try FreePort.tcp()
        let server = try RedisServer([
            "--tls-port", "\(port)", "--tls-cert-file", issued.certificate, "--tls-key-file", issued.key,
            "--tls-ca-cert-file", authority.file, "--tls-auth-clients", "no",
        ])
        let client = try await Client(port) { settings, _ in
            settings.tls = try TLSClient(authorities: authority.file)
        }
        #expect(await client.send("PING").reply == .status("PONG"))
        #expect(try server.cli("CLIENT", "LIST", "TYPE", "normal").contains(":\(port)"))
        try await client.close()
        let other = try await Client(port) { settings, _ in
            settings.tls = try TLSClient(authorities: stranger.file)
        }
        let failure = #expect(throws: RedisFailure.self) { try other.first.get() }
        #expect(failure?.isTemporary == true && failure?.description.contains("certificate") == true)
        try await other.close()
    }

    /// Said or not, an end in the middle of an answer makes no answer of it.
    @Test(arguments: [(false, "without TLS' close_notify"), (true, "the server closed the connection")])
    func aCutInTheMiddleOfAnAnswer(saysGoodbye: Bool, reason: String) async throws {
        let authority = try TestAuthority()
        let server = try await HalfAnswer(authority.issue("redis"), saysGoodbye: saysGoodbye)
        let client = try await Client(server.port) { settings, _ in
            settings.tls = try TLSClient(authorities: authority.file)
        }
        let failure = await client.send("GET", "key").failure
        #expect(failure?.isTemporary == true && failure?.description.contains(reason) == true, "\(failure as Any)")
        try await client.close()
        try await server.close()
    }
}
