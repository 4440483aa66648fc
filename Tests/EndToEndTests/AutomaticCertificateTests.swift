import CertificateFixture
import Foundation
import PebbleFixture
import Testing

extension Waiting {
    /// `server.tls.auto_cert` against a real authority, seen by openssl.
    @Suite struct AutomaticCertificateTests {
        private static let name = "relay.example.test"
        private let place: Pebble.Place

        init() throws { place = try Pebble.Place() }

        private func start(_ challenge: String) async throws -> Relay {
            try await Relay.start(settings(challenge))
        }

        private func settings(_ challenge: String) -> [String: JSON] {
            [
                "server.tls.enabled": .null, "server.tls.auto_cert": true,
                "server.tls.acme_domains": .array([.string(Self.name)]),
                "server.tls.acme_challenge": .string(challenge),
                "server.tls.acme_directory": .string(place.directory),
                "server.tls.acme_ca_file": .string(place.authority.file),
                "server.listen.websocket": .string("127.0.0.1:\(place.tls)"),
                "server.listen.http": .string("127.0.0.1:\(place.http)"),
            ]
        }

        /// Where the relay keeps what it has of the authority.
        private func folder(of relay: RelayFolder) throws -> String {
            let path = relay.path + "/acme/localhost:\(place.acme)"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            return path
        }

        /// Puts one there that is past two thirds of its life, for another minute.
        /// - Returns: its fingerprint, as the log says it.
        private func putAgedCertificate(in relay: RelayFolder) async throws -> String {
            let (file, key) = (place.authority.path("aged.crt"), place.authority.path("aged.key"))
            let made = try await Programs.run(
                Programs.python,
                [Programs.repository + "/Tests/PythonAgent/short_certificate.py", "60", file, key, Self.name]
            )
            #expect(made.ending == .exit(0), "\(made.text)")
            let pair = try folder(of: relay) + "/certificate.pem"
            let both = try [key, file].map { try String(contentsOfFile: $0, encoding: .utf8) }.joined()
            try Data(both.utf8).write(to: URL(filePath: pair))
            chmod(pair, 0o600)
            let print = try place.authority.openssl(["x509", "-in", file, "-noout", "-fingerprint", "-sha256"])
            return print.split(separator: "=").last.map { $0.filter { $0.isHexDigit }.lowercased() } ?? ""
        }

        /// What a client that trusts the authority sees.
        private func seen(_ relay: Relay, _ pebble: Pebble) async throws -> String {
            let root = place.authority.path("root.pem")
            try Data(pebble.root().utf8).write(to: URL(filePath: root))
            return try await client(relay, "-CAfile \(root) -verify_return_error -verify_hostname \(Self.name)")
        }

        private func client(_ relay: Relay, _ flags: String) async throws -> String {
            let script =
                "openssl s_client -connect \(relay.websocket) -servername \(Self.name) \(flags) </dev/null 2>&1 || true"
            return try await Programs.shell(script).text
        }

        private func issued(_ relay: Relay, _ count: Double) async throws -> Scrape {
            try await relay.scrape {
                $0.sum("moltrelay_tls_certificate_orders_total", ["result": "issued"]) ?? 0 >= count
            }
        }

        @Test func aFirstCertificateByTLSALPN() async throws {
            var behaviour = Pebble.Behaviour()
            behaviour.refusedNonces = 30
            let pebble = try Pebble(at: place, behaviour)
            let relay = try await start("tls-alpn-01")
            #expect(try await relay.logged("certificate issued")["event"] == "certificate_issued")
            _ = try await relay.probe("/health/ready", until: 200)
            let seen = try await seen(relay, pebble)
            #expect(seen.contains("Verification: OK"), "\(seen)")
            // Nobody but the authority is shown a proof, and nobody any more.
            #expect(try await client(relay, "-alpn acme-tls/1").contains("no application protocol"))
            let scrape = try await issued(relay, 1)
            let expiry = try #require(scrape.sum("moltrelay_tls_certificate_expiry_timestamp_seconds"))
            let renewal = try #require(scrape.sum("moltrelay_tls_certificate_renewal_timestamp_seconds"))
            #expect(renewal > Date.now.timeIntervalSince1970 && renewal < expiry)
        }

        @Test func aStartWithoutCertificateAndWithoutAuthority() async throws {
            let relay = try await start("http-01")
            _ = try await relay.probe("/health", until: 200)
            _ = try await relay.probe("/health/ready", until: 503)
            let missing = try await relay.check("certificate") {
                $0["reason"].string?.contains("Connection refused") == true
            }
            #expect(missing["status"] == "fail")
            #expect(missing["reason"].string?.hasPrefix("there is no certificate yet: ") == true)
            let refused = try await relay.logged("no certificate from the authority")
            #expect(refused["cause"] == "unreachable" && refused["event"] == "certificate_order_failed")
            _ = try await client(relay, "")
            #expect(try await relay.logged("no TLS with a client")["reason"] == "internal")
            #expect(try await HTTP.get("http://\(relay.http)/.well-known/acme-challenge/x").status == 404)
            let pebble = try Pebble(at: place)
            _ = try await relay.logged("certificate issued")
            _ = try await relay.probe("/health/ready", until: 200)
            #expect(try await seen(relay, pebble).contains("Verification: OK"))
        }

        /// The certificate before serves while the authority is away, and what comes back knows no account of ours.
        @Test func renewsThoughTheAuthorityWasAway() async throws {
            var behaviour = Pebble.Behaviour()
            behaviour.certificateSeconds = 36
            var pebble: Pebble? = try Pebble(at: place, behaviour)
            let relay = try await start("tls-alpn-01")
            let first = try await relay.logged("agents connect with TLS")["fingerprint"].string
            pebble = nil
            _ = try await relay.logged("no certificate from the authority")
            let waiting = try await relay.check("certificate", until: "warn")
            #expect(waiting["reason"].string?.contains("Connection refused") == true, "\(waiting)")
            _ = try await relay.probe("/health/ready", until: 200)
            #expect(try await client(relay, "").contains("Cipher is TLS_AES_256_GCM_SHA384"))
            pebble = try Pebble(at: place, behaviour)
            _ = try await issued(relay, 2)
            _ = try await relay.check("certificate", until: "pass")
            let next = await relay.process.line {
                let entry = Relay.entry($0)
                return entry?["message"] == "agents connect with TLS" && entry?["fingerprint"].string != first
            }
            #expect(next != nil)
            withExtendedLifetime(pebble) {}
        }

        @Test func keepsAccountAndCertificateOverARestart() async throws {
            let pebble = try Pebble(at: place)
            let relay = try await start("tls-alpn-01")
            let fingerprint = try await relay.logged("agents connect with TLS")["fingerprint"]
            let folder = relay.folder
            #expect(await relay.stop() == .exit(0))
            let again = try await Relay.start(in: folder)
            #expect(try await again.logged("agents connect with TLS")["fingerprint"] == fingerprint)
            _ = try await again.probe("/health/ready", until: 200)
            #expect(!again.log.contains { $0["message"] == "certificate ordered" })
            withExtendedLifetime(pebble) {}
        }

        /// The account's holder took the authorization back: what is due is proved anew.
        @Test func renewsThoughItsAuthorizationWasTakenBack() async throws {
            var behaviour = Pebble.Behaviour()
            behaviour.reusedAuthorizations = 100
            let pebble = try Pebble(at: place, behaviour)
            let relay = try await start("tls-alpn-01")
            _ = try await relay.logged("certificate issued")
            let folder = relay.folder
            #expect(await relay.stop() == .exit(0))
            let account = try await PebbleAccount(at: place, keyFile: self.folder(of: folder) + "/account.pem")
            #expect(try await account.deactivateAuthorizations() == 1)
            await account.close()
            let aged = try await putAgedCertificate(in: folder)
            let again = try await Relay.start(in: folder)
            #expect(try await again.logged("agents connect with TLS")["fingerprint"].string == aged)
            _ = try await again.logged("certificate issued")
            let next = await again.process.line {
                let entry = Relay.entry($0)
                return entry?["message"] == "agents connect with TLS" && entry?["fingerprint"].string != aged
            }
            #expect(next != nil)
            #expect(try await seen(again, pebble).contains("Verification: OK"))
            #expect(await again.stop() == .exit(0))
        }

        /// The authority does not find the proof. It is asked less often than one that is away, and the old one serves.
        @Test func theOldCertificateServesWhileAnAuthorizationFails() async throws {
            var behaviour = Pebble.Behaviour()
            behaviour.looksElsewhere = true
            let pebble = try Pebble(at: place, behaviour)
            let folder = try RelayFolder(settings("tls-alpn-01"))
            let aged = try await putAgedCertificate(in: folder)
            let relay = try await Relay.start(in: folder)
            let failed = try await relay.logged("no certificate from the authority")
            #expect(failed["cause"] == "validation", "\(failed)")
            let reason = "the authorization for \(Self.name) is invalid: "
            #expect(failed["reason"].string?.hasPrefix(reason) == true, "\(failed)")
            let times = ["timestamp", "next"].compactMap { failed[$0].string }.compactMap(Self.date)
            #expect(times.count == 2 && 44...61 ~= times[1].timeIntervalSince(times[0]), "\(failed)")
            #expect(try await relay.logged("agents connect with TLS")["fingerprint"].string == aged)
            #expect(try await client(relay, "").contains("Cipher is TLS_AES_256_GCM_SHA384"))
            _ = try await relay.probe("/health/ready", until: 200)
            let waiting = try await relay.check("certificate") { $0["reason"].string?.contains(reason) == true }
            #expect(waiting["status"] == "warn")
            let scrape = try await relay.scrape()
            #expect(scrape.sum("moltrelay_tls_certificate_orders_total", ["result": "validation"]) == 1)
            #expect(await relay.stop() == .exit(0))
            withExtendedLifetime(pebble) {}
        }

        private static func date(_ text: String) -> Date? {
            let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            return try? Date(text, strategy: format)
        }
    }
}
