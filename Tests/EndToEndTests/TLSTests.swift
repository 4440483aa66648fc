import CertificateFixture
import Foundation
import Testing

extension EndToEnd {
    /// TLS towards agents, seen by programs that share no code with ours.
    @Suite struct TLSTests {
        private let authority: TestAuthority

        init() throws { authority = try TestAuthority() }

        private func settings(_ issued: TestAuthority.Issued) -> [String: JSON] {
            [
                "server.tls.enabled": .null, "server.tls.cert_file": .string(issued.certificate),
                "server.tls.key_file": .string(issued.key),
            ]
        }

        private func start(_ more: [String: JSON] = [:]) async throws -> Relay {
            try await Relay.start(settings(authority.issue()).merging(more) { $1 })
        }

        private func url(_ relay: Relay, host: String = "localhost") -> String {
            "wss://\(host):\(port(of: relay))/v1/connect"
        }

        private func port(of relay: Relay) -> Substring { relay.websocket.split(separator: ":").last ?? "" }

        private func credentials(_ relay: Relay) -> [String: JSON] {
            ["url": .string(url(relay)), "ca": .string(authority.file)]
        }

        @Test func agentsExchangeMessages() async throws {
            let relay = try await start()
            let alice = try await PythonAgent.connected("alice", to: relay, credentials(relay))
            let bob = try await PythonAgent.connected("bob", to: relay, credentials(relay))
            for size in [1, 16_384, 1_000_000] {
                try await alice.tell("send", ["to": "bob", "count": 3, "size": .number(Double(size))])
                let sizes = try await bob.tell("expect", ["count": 3]).frames.map { $0["size"].int }
                #expect(sizes == [size, size, size])
            }
            let scrape = try await relay.scrape()
            #expect(scrape.sum("moltrelay_tls_handshakes_total", ["result": "full"]) == 2)
            #expect(scrape.sum("moltrelay_tls_versions_total", ["version": "1.3"]) == 2)
            #expect(scrape.sum("moltrelay_connections_active") == 2)
        }

        @Test func ourOwnClientConnects() async throws {
            let relay = try await start()
            let bob = try await PythonAgent.connected("bob", to: relay, credentials(relay))
            let flags = ["--relay", url(relay), "--ca-file", authority.file, "--agent-id", "alice"]
            let environment = Relay.environment(relay.folder)
            let sent = try await Programs.run(
                Programs.relay,
                ["send"] + flags + ["--to", "bob", "hello"],
                environment: environment
            )
            #expect(sent.ending == .exit(0), "\(sent.text)")
            #expect(try await bob.tell("expect", ["count": 1]).frames.count == 1)
            let stranger = try TestAuthority()
            let refused = try await Programs.run(
                Programs.relay,
                ["send", "--relay", url(relay), "--ca-file", stranger.file, "--to", "bob", "hello"],
                environment: environment
            )
            #expect(refused.ending != .exit(0))
            #expect(refused.text.contains("no TLS with the relay: the certificate does not hold"), "\(refused.text)")
            #expect(try await relay.logged("no TLS with a client")["reason"] == "refused_by_peer")
        }

        /// Python's ssl: what was agreed, and that the second connection was spared the whole handshake.
        @Test func agreesOnTLS13AndResumes() async throws {
            let relay = try await start()
            let probe = try await Programs.run(
                Programs.python,
                [
                    Programs.repository + "/Tests/PythonAgent/tls_probe.py", "localhost", "\(port(of: relay))",
                    authority.file,
                ]
            )
            let agreed = try JSON(parsing: probe.text)
            for connection in [agreed["first"], agreed["second"]] {
                #expect(connection["version"] == "TLSv1.3" && connection["alpn"] == "http/1.1", "\(connection)")
                #expect(connection["answer"] == "HTTP/1.1 404 Not Found", "\(connection)")
            }
            #expect(agreed["first"]["reused"] == false && agreed["second"]["reused"] == true)
            #expect(try await relay.scrape().sum("moltrelay_tls_handshakes_total", ["result": "resumed"]) == 1)
        }

        private func client(_ relay: Relay, _ flags: String) async throws -> String {
            let script =
                "openssl s_client -connect \(relay.websocket) -servername localhost -CAfile \(authority.file) "
                + "-verify_return_error \(flags) </dev/null 2>&1 || true"
            return try await Programs.shell(script).text
        }

        @Test func refusesOlderVersionsUnlessTold() async throws {
            let strict = try await start()
            #expect(try await client(strict, "-tls1_2").contains("alert protocol version"))
            #expect(try await client(strict, "-tls1_3 -alpn h2").contains("no application protocol"))
            #expect(
                try await client(strict, "-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256").contains(
                    "Verification: OK"
                )
            )
            let scrape = try await strict.scrape()
            #expect(scrape.sum("moltrelay_tls_handshakes_total", ["result": "version"]) == 1)
            #expect(scrape.sum("moltrelay_tls_handshakes_total", ["result": "application_protocol"]) == 1)
            #expect(scrape.sum("moltrelay_connection_failures_total", ["cause": "tls"]) == 2)
            let lenient = try await start(["server.tls.min_version": "1.2"])
            let agreed = try await client(lenient, "-tls1_2")
            #expect(
                agreed.contains("ECDHE-ECDSA-AES256-GCM-SHA384") && agreed.contains("Verification: OK"),
                "\(agreed)"
            )
            #expect(try await client(lenient, "-tls1_2 -cipher AES256-SHA").contains("handshake failure"))
            #expect(try await client(lenient, "-tls1_1 -cipher ALL:@SECLEVEL=0").contains("alert protocol version"))
        }

        /// TLS ends without close_notify, and half a message is there: nothing is made of it.
        @Test func aConnectionThatIsCutOffInTheMiddleOfAMessage() async throws {
            let relay = try await start()
            let alice = try await PythonAgent.connected("alice", to: relay, credentials(relay))
            let bob = try await PythonAgent.connected("bob", to: relay, credentials(relay))
            try await alice.tell("send", ["to": "bob", "delivery": 2])
            try await bob.tell("expect", ["ack": true])
            try await alice.tell("send_half", ["to": "bob"])
            try await alice.tell("drop")
            let scrape = try await relay.scrape {
                $0.sum("moltrelay_connections_closed_total", ["reason": "lost"]) == 1
            }
            #expect(scrape.sum("moltrelay_connections_closed_total") == 1)
            #expect(scrape.sum("moltrelay_connection_errors_total") == 0, "agents lose their networks every day")
            #expect(scrape.sum("moltrelay_messages_accepted_total") == 1)
            let again = try PythonAgent("alice")
            try await again.connect(to: relay, credentials(relay))
            try await again.tell("send", ["to": "bob", "body": "whole", "delivery": 2])
            let next = try await bob.tell("expect", ["ack": true]).frames
            #expect(next.count == 1 && next[0]["body"] == "whole", "\(next)")
            #expect(await relay.stop() == .exit(0))
        }

        /// The work that a client could have done again and again for nothing; TLS 1.3 knows no such thing.
        @Test func refusesToBeginAnew() async throws {
            let relay = try await start(["server.tls.min_version": "1.2"])
            // The end of its input would be that of the client: something holds it open, and nobody waits for that.
            let asked = try await Programs.shell(
                "timeout 10 openssl s_client -tls1_2 -connect \(relay.websocket) < <(echo R; exec sleep 10 2>&-) 2>&1 || true"
            )
            #expect(asked.text.contains("RENEGOTIATING") && asked.text.contains("no renegotiation"), "\(asked.text)")
            let scrape = try await relay.scrape()
            #expect(scrape.sum("moltrelay_tls_handshakes_total", ["result": "full"]) == 1)
            #expect(await relay.stop() == .exit(0))
        }

        @Test func tellsPlainHTTPWhatThePortSpeaks() async throws {
            let relay = try await start()
            let answer = try await HTTP.get("http://\(relay.websocket)/v1/connect")
            #expect(answer.status == 400 && answer.body.contains("wss://"), "\(answer)")
            let failure = try await relay.logged("no TLS with a client")
            #expect(failure["event"] == "tls_failure" && failure["reason"] == "plain_http")
            #expect(failure["client_ip_hash"].string != nil && failure["level"] == "warning")
        }

        private func fingerprint(_ path: String) throws -> String {
            try authority.openssl(["x509", "-in", path, "-noout", "-fingerprint", "-sha256"])
        }

        @Test func theNameDialledChoosesTheCertificate() async throws {
            let (first, second) = (try authority.issue("first"), try authority.issue("second", names: ["DNS:b.test"]))
            let more: JSON = [["cert_file": .string(second.certificate), "key_file": .string(second.key)]]
            let relay = try await Relay.start(settings(first).merging(["server.tls.certificates": more]) { $1 })
            for (name, expected) in [("localhost", first), ("b.test", second), ("other.test", first)] {
                let served = try await Programs.shell(
                    "openssl s_client -connect \(relay.websocket) -servername \(name) </dev/null 2>/dev/null "
                        + "| openssl x509 -noout -fingerprint -sha256"
                )
                #expect(try served.text + "\n" == fingerprint(expected.certificate), "\(name)")
            }
        }

        @Test func asksAgentsForACertificateWhereToldTo() async throws {
            let agents = try TestAuthority()
            let (good, bad) = (try agents.issue("agent"), try authority.issue("stranger"))
            let relay = try await start([
                "server.tls.client_certificates": "required", "server.tls.client_ca_file": .string(agents.file),
            ])
            // s_client tells of an alert that comes after its own end of the handshake only while it reads.
            let request =
                "printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n' | timeout 10 openssl s_client -quiet -no_ign_eof "
                + "-connect \(relay.websocket) -servername localhost -CAfile \(authority.file) "
            let shown = try await Programs.shell(
                request + "-ign_eof -cert \(good.certificate) -key \(good.key) 2>&1 || true"
            )
            #expect(shown.text.contains("HTTP/1.1 404"), "\(shown.text)")
            let wrong = try await Programs.shell(
                request + "-ign_eof -cert \(bad.certificate) -key \(bad.key) 2>&1 || true"
            )
            #expect(!wrong.text.contains("HTTP/1.1"), "\(wrong.text)")
            let none = try await Programs.shell(request + "-ign_eof 2>&1 || true")
            #expect(none.text.contains("certificate required"), "\(none.text)")
            let scrape = try await relay.scrape()
            #expect(scrape.sum("moltrelay_tls_handshakes_total", ["result": "certificate"]) == 2)
        }

        @Test func staplesTheResponseItIsGiven() async throws {
            let issued = try authority.issue()
            let response = try authority.ocspResponse(for: issued)
            let relay = try await Relay.start(
                settings(issued).merging(["server.tls.ocsp_file": .string(response)]) { $1 }
            )
            #expect(try await client(relay, "-status").contains("Cert Status: good"))
            let without = try await start()
            #expect(try await client(without, "-status").contains("OCSP response: no response sent"))
        }

        /// Of the guide: agents bind their signature to the name they dialled, and the certificate says which are ours.
        @Test func acceptsTheNamesOfItsCertificate() async throws {
            let own = try await start(["server.listen.websocket": "0.0.0.0:0"])
            let alice = try PythonAgent("alice")
            try await alice.tell("connect", credentials(own).merging(["agent": "alice"]) { $1 })
            let other = try authority.issue("other", names: ["DNS:other.test"])
            let elsewhere = try await Relay.start(
                settings(other).merging(["server.listen.websocket": "0.0.0.0:0"]) { $1 }
            )
            let mallory = try PythonAgent("mallory")
            let answer = try await mallory.ask(
                "connect",
                ["url": .string(url(elsewhere)), "ca": "none", "agent": "mallory"]
            )
            #expect(!answer.ok, "\(answer.json)")
        }

        @Test func doesNotStartOnACertificateThatCannotServe() async throws {
            let (first, second) = (try authority.issue("first"), try authority.issue("second"))
            let old = try authority.issue("old", days: -1)
            let cases = [
                (TestAuthority.Issued.pair(first.certificate, second.key), "\(second.key): the key does not belong to"),
                (old, "\(old.certificate): the certificate expired on "),
                (.pair(first.certificate, "/no/such.key"), "/no/such.key: cannot be read: No such file or directory"),
            ]
            for (issued, reason) in cases {
                let folder = try RelayFolder(settings(issued))
                let process = try Relay.launch(in: folder)
                let line = await process.line { Relay.entry($0)?["message"] == "relay did not start" }
                let entry = try JSON(parsing: #require(line, "it started"))
                #expect(entry["reason"].string?.hasPrefix(reason) == true, "\(entry)")
                #expect(await process.end() != .exit(0))
            }
        }
    }
}

extension TestAuthority.Issued {
    fileprivate static func pair(_ certificate: String, _ key: String) -> Self {
        Self(certificate: certificate, key: key)
    }
}
