import CertificateFixture
import Foundation
import Testing

extension EndToEnd {
    @Suite struct FirstStepsTests {
        @Test func whatIsPrintedCanBePasted() async throws { try await paste([:]) }

        /// Nobody trusts such a certificate unasked, and by its name alone.
        @Test func withACertificateOfItsOwnToo() async throws {
            let authority = try TestAuthority()
            let (certificate, key) = (authority.path("own.crt"), authority.path("own.key"))
            try authority.openssl([
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                "-subj",
                "/CN=relay", "-addext", "subjectAltName=DNS:localhost", "-out", certificate, "-keyout", key,
            ])
            try await paste([
                "server.tls.enabled": .null, "server.tls.cert_file": .string(certificate),
                "server.tls.key_file": .string(key),
            ])
        }

        /// What the relay prints for a newcomer is pasted as it is.
        private func paste(_ settings: [String: JSON]) async throws {
            let folder = try RelayFolder(settings.merging(["logging.format": "text"]) { $1 })
            let process = try Relay.launch(in: folder)
            defer { process.send(9) }
            let started = await process.line { $0.contains("relay started") }
            #expect(started?.contains("websocket=127.0.0.1:") == true, "\(process.output.lines)")
            _ = await process.line { $0.hasPrefix("  curl ") }
            let steps = process.output.lines.filter { $0.hasPrefix("  ") }
            try #require(steps.count == 4, "\(process.output.lines)")

            // A listener ends by itself after one message here; a newcomer's goes on.
            let script = "\(steps[0]) --count 1 & \(steps[1]); wait; \(steps[2]); \(steps[3])"
            let pasted = try await Programs.shell(script, environment: ["HOME": folder.path])
            #expect(pasted.ending == .exit(0), "\(pasted.text)")
            #expect(pasted.lines.contains("hello"), "\(pasted.text)")
            #expect(pasted.lines.contains("moltrelay_messages_total 1"))
        }

        @Test func machinesAreToldNothingButTheLog() async throws {
            let relay = try await Relay.start()
            #expect(await relay.stop() == .exit(0))
            _ = await relay.process.line { _ in false }
            #expect(relay.process.output.lines.filter { Relay.entry($0) == nil } == [])
        }
    }
}
