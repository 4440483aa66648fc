import CertificateFixture
import PostgresFixture
import Testing

extension EndToEnd {
    /// TLS to a real PostgreSQL server, in each `ssl_mode`.
    @Suite struct PostgresTLSTests {
        private let authority: TestAuthority
        private let server: PostgresServer

        init() async throws {
            authority = try TestAuthority()
            let issued = try authority.issue("db", names: ["IP:127.0.0.1", "DNS:localhost"])
            // Without TLS it lets in the one that makes things ready, who has another name.
            let access = ["hostssl all all 127.0.0.0/8 trust", "host all \(PostgresServer.user) 127.0.0.0/8 trust"]
            server = try await PostgresServer.launch(access: access, certificate: (issued.certificate, issued.key))
            try server.sql("CREATE ROLE relay LOGIN; GRANT CREATE ON DATABASE postgres TO relay")
        }

        private func folder(_ mode: String) throws -> RelayFolder {
            try RelayFolder(
                server.settings([
                    "storage.postgres.ssl_mode": .string(mode), "storage.postgres.user": "relay",
                ])
            )
        }

        /// Every connection of the relay is encrypted, also where it would have gone without.
        @Test func connectionsAreEncrypted() async throws {
            let used = """
                SELECT count(*) > 0, bool_and(s.ssl), min(s.version) >= 'TLSv1.2'
                FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'moltrelay'
                """
            for mode in ["allow", "prefer", "require", "verify-ca", "verify-full"] {
                let relay = try await Relay.start(in: folder(mode), wrapper: ["PGSSLROOTCERT=\(authority.file)"])
                _ = try await relay.probe("/health/ready", until: 200)
                #expect(try server.sql(used) == "t|t|t", "\(mode)")
                #expect(await relay.stop() == .exit(0))
            }
        }

        @Test func whatIsNotToBeTrustedIsRefused() async throws {
            let plain = try await refusal(folder("disable"))
            #expect(plain.contains("no pg_hba.conf entry for host") && plain.contains("no encryption"), "\(plain)")
            #expect(plain.contains("check storage.postgres.ssl_mode"), "\(plain)")
            let other = try TestAuthority()
            for mode in ["verify-ca", "verify-full"] {
                let said = try await refusal(folder(mode), "PGSSLROOTCERT=\(other.file)")
                #expect(said.contains("certificate verify failed"), "\(said)")
                #expect(said.contains("name the server's authority in PGSSLROOTCERT"), "\(said)")
                let without = try await refusal(folder(mode))
                #expect(without.contains("root certificate file"), "\(without)")
                #expect(without.contains("name the server's authority in PGSSLROOTCERT"), "\(without)")
            }
        }

        @Test func aCertificateOfAnotherNameIsRefused() async throws {
            let issued = try authority.issue("elsewhere", names: ["DNS:elsewhere.example"])
            let other = try await PostgresServer.launch(certificate: (issued.certificate, issued.key))
            let settings = other.settings(["storage.postgres.ssl_mode": "verify-full"])
            let said = try await refusal(RelayFolder(settings), "PGSSLROOTCERT=\(authority.file)")
            #expect(said.contains("does not match host name \"127.0.0.1\""), "\(said)")
            #expect(said.contains("check storage.postgres.host"), "\(said)")
            let trusting = try RelayFolder(settings.merging(["storage.postgres.ssl_mode": "verify-ca"]) { $1 })
            let relay = try await Relay.start(in: trusting, wrapper: ["PGSSLROOTCERT=\(authority.file)"])
            #expect(await relay.stop() == .exit(0))
        }

        @Test func aServerWithoutTLSIsRefusedWhereItIsAskedFor() async throws {
            let plain = try await PostgresServer.launch()
            let said = try await refusal(RelayFolder(plain.settings(["storage.postgres.ssl_mode": "require"])))
            #expect(said.contains("server does not support SSL"), "\(said)")
            #expect(said.contains("give it a certificate"), "\(said)")
        }

        private func refusal(_ folder: RelayFolder, _ environment: String...) async throws -> String {
            let process = try Relay.launch(in: folder, wrapper: environment)
            let ending = await process.end()
            _ = await process.line { _ in false }
            let output = process.output.lines.joined(separator: "\n").replacing("\\/", with: "/")
                .replacing("\\\"", with: "\"")
            guard case .exit(let code) = ending, code != 0 else {
                Issue.record("it ended with \(ending): \(output)")
                return ""
            }
            return output
        }
    }
}
