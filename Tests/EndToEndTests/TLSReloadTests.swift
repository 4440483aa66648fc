import CertificateFixture
import Foundation
import Testing

extension EndToEnd {
    /// Certificates that change, end, or cannot be read while the relay serves.
    @Suite struct TLSReloadTests {
        private let authority: TestAuthority

        init() throws { authority = try TestAuthority() }

        private func start(_ certificate: String, _ key: String) async throws -> Relay {
            try await Relay.start([
                "server.tls.enabled": .null, "server.tls.cert_file": .string(certificate),
                "server.tls.key_file": .string(key),
            ])
        }

        private func connect(_ name: String, to relay: Relay) async throws -> PythonAgent {
            let port = relay.websocket.split(separator: ":").last ?? ""
            return try await PythonAgent.connected(
                name,
                to: relay,
                ["url": .string("wss://localhost:\(port)/v1/connect"), "ca": .string(authority.file)]
            )
        }

        private func fingerprint(of file: String) throws -> String {
            let said = try authority.openssl(["x509", "-in", file, "-noout", "-fingerprint", "-sha256"])
            return said.split(separator: "=").last?.filter(\.isHexDigit).lowercased() ?? ""
        }

        /// As a client sees it.
        private func served(by relay: Relay) async throws -> String {
            let script =
                "openssl s_client -connect \(relay.websocket) -servername localhost </dev/null 2>/dev/null "
                + "| openssl x509 -noout -fingerprint -sha256"
            return try await Programs.shell(script).text.split(separator: "=").last?.filter(\.isHexDigit).lowercased()
                ?? ""
        }

        private func taken(_ fingerprint: String, by relay: Relay) async throws {
            let line = await relay.process.line { Relay.entry($0)?["fingerprint"].string == fingerprint }
            _ = try #require(line, "never served: \(relay.process.output.lines)")
        }

        private func copy(_ from: String, to path: String) throws {
            try Data(contentsOf: URL(filePath: from)).write(to: URL(filePath: path))
        }

        @Test func aSignalTakesWhatTheFilesHold() async throws {
            let (first, second) = (try authority.issue("first"), try authority.issue("second"))
            let relay = try await start(first.certificate, first.key)
            let alice = try await connect("alice", to: relay)
            #expect(try await served(by: relay) == fingerprint(of: first.certificate))
            try relay.folder.configure([
                "server.tls.enabled": .null, "server.tls.cert_file": .string(second.certificate),
                "server.tls.key_file": .string(second.key),
            ])
            relay.process.send(SIGHUP)
            let changed = try await relay.logged("configuration reloaded")["changed"].strings
            #expect(changed == ["server.tls.cert_file", "server.tls.key_file"])
            #expect(try await served(by: relay) == fingerprint(of: second.certificate))
            let bob = try await connect("bob", to: relay)
            try await alice.tell("send", ["to": "bob", "body": "still here"])
            try await bob.tell("expect")
            #expect(try await relay.scrape().sum("moltrelay_tls_certificate_reloads_total", ["result": "taken"]) == 1)
        }

        /// A secret's folder as the kubelet writes it: files are links through `..data`, which is replaced at once.
        @Test func kubernetesSwapsASecretWithoutASignal() async throws {
            let folder = authority.path("certs")
            func fill(_ version: String) throws -> String {
                let issued = try authority.issue(version)
                let target = folder + "/..\(version)"
                try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
                try copy(issued.certificate, to: target + "/tls.crt")
                try copy(issued.key, to: target + "/tls.key")
                return try fingerprint(of: issued.certificate)
            }
            let first = try fill("first")
            _ = try await Programs.shell(
                "cd \(folder); ln -s ..first ..data; ln -s ..data/tls.crt tls.crt; ln -s ..data/tls.key tls.key"
            )
            let relay = try await start(folder + "/tls.crt", folder + "/tls.key")
            try await taken(first, by: relay)
            let alice = try await connect("alice", to: relay)
            let second = try fill("second")
            _ = try await Programs.shell("cd \(folder); ln -s ..second ..data_tmp; mv -T ..data_tmp ..data")
            try await taken(second, by: relay)
            #expect(try await served(by: relay) == second)
            let bob = try await connect("bob", to: relay)
            try await alice.tell("send", ["to": "bob", "body": "still here"])
            try await bob.tell("expect")
        }

        @Test func whatCannotServeTakesNobodysPlace() async throws {
            let (first, second) = (try authority.issue("first"), try authority.issue("second"))
            let (certificate, key) = (authority.path("live.crt"), authority.path("live.key"))
            try copy(first.certificate, to: certificate)
            try copy(first.key, to: key)
            let relay = try await start(certificate, key)
            try copy(second.certificate, to: certificate)
            let told = try await relay.logged("certificate not reloaded, the one before stands")
            #expect(told["level"] == "error", "\(told)")
            #expect(told["reason"].string?.hasPrefix("\(key): the key does not belong to") == true, "\(told)")
            #expect(try await served(by: relay) == fingerprint(of: first.certificate))
            let check = try await relay.check("certificate", until: "warn")
            #expect(check["reason"].string?.hasPrefix("the certificate was not reloaded") == true, "\(check)")
            #expect(try await relay.scrape().sum("moltrelay_tls_certificate_reloads_total", ["result": "refused"]) == 1)
            try copy(second.key, to: key)
            try await taken(fingerprint(of: second.certificate), by: relay)
            _ = try await relay.check("certificate", until: "pass")
            #expect(try await served(by: relay) == fingerprint(of: second.certificate))
        }

        @Test func aCertificateThatEndsSoon() async throws {
            let issued = try authority.issue(days: 5)
            let relay = try await start(issued.certificate, issued.key)
            let check = try await relay.check("certificate", until: "warn")
            #expect(check["reason"].string?.hasPrefix("the certificate expires in ") == true, "\(check)")
            #expect(try await HTTP.get("http://\(relay.metrics)/health/ready").status == 200)
            let scrape = try await relay.scrape()
            let expiry = try #require(scrape.sum("moltrelay_tls_certificate_expiry_timestamp_seconds"))
            #expect(abs(expiry - Date().timeIntervalSince1970 - 5 * 86_400) < 300)
        }

        @Test func aCertificateThatEnds() async throws {
            let (certificate, key) = (authority.path("short.crt"), authority.path("short.key"))
            let made = try await Programs.run(
                Programs.python,
                [Programs.repository + "/Tests/PythonAgent/short_certificate.py", "8", certificate, key]
            )
            #expect(made.ending == .exit(0), "\(made.text)")
            let relay = try await start(certificate, key)
            #expect(try await relay.probe("/health/ready", until: 503).body.contains("certificate"))
            let check = try await relay.check("certificate", until: "fail")
            #expect(check["reason"] == "the certificate has expired")
            #expect(try await HTTP.get("http://\(relay.metrics)/health").status == 200)
        }
    }
}
