import CertificateFixture
import Foundation
import Testing

extension EndToEnd {
    /// The deployment guide's own check: `testssl.sh --severity HIGH`.
    @Suite struct TestsslTests {
        private struct Finding: Decodable {
            var id, severity, finding: String
        }

        @Test(arguments: ["1.3", "1.2"])
        func findsNothingOfHighSeverity(_ version: String) async throws {
            let authority = try TestAuthority()
            // Of a certificate without a word on revocation it complains, which is the authority's to give.
            let issued = try authority.issue(days: 60, extensions: ["authorityInfoAccess=OCSP;URI:http://127.0.0.1:9/"])
            let relay = try await Relay.start([
                "server.tls.enabled": .null, "server.tls.cert_file": .string(issued.certificate),
                "server.tls.key_file": .string(issued.key), "server.tls.min_version": .string(version),
            ])
            let report = authority.path("report.json")
            let port = relay.websocket.split(separator: ":").last ?? ""
            // Protocols, suites, forward secrecy, preferences, server defaults, vulnerabilities.
            let checks = ["-p", "-s", "-f", "-P", "-S", "-U"]
            let run = try await Programs.run(
                "testssl",
                [
                    "--severity", "HIGH", "--jsonfile", report, "--warnings", "batch", "--color", "0", "--ip",
                    "127.0.0.1",
                ]
                    + ["--add-ca", authority.file] + checks + ["localhost:\(port)"]
            )
            #expect(run.text.contains("TLS_AES_256_GCM_SHA384"), "\(run.text)")
            let found = try JSONDecoder().decode([Finding].self, from: Data(contentsOf: URL(filePath: report)))
            let severe = found.filter { ["HIGH", "CRITICAL", "FATAL"].contains($0.severity) }
            #expect(severe.isEmpty, "\(severe)")
        }
    }
}
