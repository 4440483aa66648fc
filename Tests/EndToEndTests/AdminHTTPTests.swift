import CertificateFixture
import Foundation
import ProgramFixture
import Testing

extension EndToEnd {
    /// The admin API on the HTTP listener, with a token, straight and through a real proxy that ends TLS.
    @Suite struct AdminHTTPTests {
        private static let token = "5e6a3c0f7b1d4e8a9c2b6d0f1a3e5c7b"

        private func start(_ settings: [String: JSON] = [:]) async throws -> (Relay, token: String) {
            let folder = try RelayFolder()
            let file = try folder.write(Self.token + "\n", to: "admin.token")
            chmod(file, 0o600)
            let needed: [String: JSON] = ["admin.http": true, "admin.token_file": .string(file)]
            try folder.configure(needed.merging(settings) { $1 })
            return (try await Relay.start(in: folder), file)
        }

        private func elsewhere(_ arguments: String..., at url: String, token: String? = nil) async throws
            -> Programs.Outcome
        {
            let file = token.map { ["--token-file", $0] } ?? []
            // Without the relay's folder: nothing of it is found by a socket or a configuration.
            return try await Programs.run(
                Programs.relay,
                arguments + ["--admin", url] + file,
                environment: ["PATH": Programs.path, "HOME": "/nonexistent"]
            )
        }

        @Test func everyPathOfTheSocketTakesTheTokenAndNothingElse() async throws {
            let (relay, _) = try await start()
            let socket = relay.folder.path + "/admin.sock"
            let known = try await Programs.shell("curl -s --unix-socket \(socket) http://relay/nothing")
            let paths = known.text.split(separator: " ").map(String.init).filter { $0.hasPrefix("/v1/") }
            #expect(paths.count > 15, "\(known.text)")
            for path in paths {
                for method in ["GET", "POST"] {
                    let url = "http://\(relay.http)\(path)" + (path.hasSuffix("/") ? "x" : "")
                    let without = try await HTTP.get(url, method: method)
                    #expect(without.status == 401, "\(method) \(path): \(without)")
                    let wrong = try await HTTP.get(
                        url,
                        headers: ["Authorization: Bearer \(Self.token.reversed())"],
                        method: method
                    )
                    #expect(wrong.status == 401, "\(method) \(path): \(wrong)")
                }
            }
            let metrics = try await HTTP.get("http://\(relay.metrics)/v1/status")
            #expect(metrics.status == 404, "on the HTTP listener only")
            let scrape = try await relay.scrape()
            let refused = scrape.sum("moltrelay_http_faults_total", ["fault": "unauthorized"])
            #expect(refused == Double(paths.count * 4))
            let line = try await relay.logged("admin request refused")
            #expect(line["event"] == "order_refused" && line["reason"] == "unauthorized", "\(line)")
            #expect(line["method"] == "GET" && line["path"].string?.hasPrefix("/v1/") == true, "\(line)")
            #expect(!relay.process.output.lines.contains { $0.contains(Self.token) })
            #expect(await relay.stop() == .exit(0))
        }

        @Test func commandsSteerARelayElsewhere() async throws {
            let (relay, token) = try await start()
            let url = "http://\(relay.http)"
            let status = try await elsewhere("status", "--json", at: url, token: token)
            #expect(try JSON(parsing: status.text)["relay_id"] == "relay-under-test", "\(status.text)")
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 3, "settle": true])
            #expect(try await elsewhere("queue", "--json", at: url, token: token).ending == .exit(0))
            let purged = try await elsewhere("queue", "purge", "bob", "--yes", at: url, token: token)
            #expect(purged.text == "3 messages dropped")
            #expect(try await relay.logged("queue purged by hand")["count"] == "3")
            let block = try await elsewhere("agent", "block", "alice", at: url, token: token)
            #expect(block.ending == .exit(0))
            #expect(try await alice.tell("end").close == 4006)
            let logs = try await elsewhere("logs", "--lines", "5", at: url, token: token)
            #expect(logs.ending == .exit(0) && logs.text.contains("agent blocked by hand"), "\(logs.text)")
            let drained = try await elsewhere("drain", "--now", "--json", at: url, token: token)
            // Behind its progress.
            #expect(try JSON(parsing: drained.lines.last ?? "")["state"] == "drained", "\(drained.text)")
            #expect(try await elsewhere("drain", "--resume", at: url, token: token).ending == .exit(0))
            #expect(await relay.stop() == .exit(0))
        }

        @Test func theProxysCertificateMustHold() async throws {
            let authority = try TestAuthority()
            let issued = try authority.issue("proxy")
            let (relay, token) = try await start()
            let port = try FreePort.tcp()
            let pair = try [issued.certificate, issued.key].map { try String(contentsOfFile: $0, encoding: .utf8) }
            let proxy = try RunningProgram(
                ["haproxy", "-db", "-f", "FOLDER/haproxy.cfg"],
                files: [
                    "pair.pem": pair.joined(),
                    "haproxy.cfg": """
                    defaults
                      mode http
                      timeout connect 20s
                      timeout client 60s
                      timeout server 60s
                    listen admin
                      bind 127.0.0.1:\(port),127.0.0.2:\(port) ssl crt FOLDER/pair.pem
                      server relay \(relay.http)
                    """,
                ]
            )
            let listening = try await Programs.shell(
                "for try in {1..200}; do : 2>/dev/null >/dev/tcp/127.0.0.1/\(port) && exit; sleep 0.05; done; exit 1"
            )
            #expect(listening.ending == .exit(0))
            let url = "https://localhost:\(port)"
            let trusted = try await elsewhere(
                "log-level",
                "debug",
                "--json",
                "--ca-file",
                authority.file,
                at: url,
                token: token
            )
            #expect(try JSON(parsing: trusted.text)["level"] == "debug", "\(trusted.text)")
            let config = try await elsewhere(
                "config",
                "show",
                "--json",
                "--ca-file",
                authority.file,
                at: url,
                token: token
            )
            #expect(try JSON(parsing: config.text)["settings"].array.count > 100)
            let unknown = try await elsewhere("status", at: url, token: token)
            #expect(unknown.ending == .exit(69))
            #expect(unknown.text.contains("no TLS with \(url): the certificate does not hold:"), "\(unknown.text)")
            #expect(unknown.text.contains("--ca-file names the authority"))
            let other = try await elsewhere(
                "status",
                "--ca-file",
                authority.file,
                at: "https://127.0.0.2:\(port)",
                token: token
            )
            #expect(other.ending == .exit(69))
            #expect(
                other.text.contains(
                    "no TLS with https://127.0.0.2:\(port): the certificate does not hold: it is for localhost, "
                        + "127.0.0.1, not for 127.0.0.2; --admin has to say a name that it is for"
                ),
                "\(other.text)"
            )
            let plain = try await elsewhere("status", at: "https://\(relay.http)", token: token)
            #expect(
                plain.ending == .exit(69) && plain.text.contains("the relay itself speaks http://"),
                "\(plain.text)"
            )
            withExtendedLifetime(proxy) {}
            #expect(await relay.stop() == .exit(0))
        }

        @Test func aReloadTakesAnotherTokenAndKeepsTheOldForABadOne() async throws {
            let (relay, token) = try await start()
            let url = "http://\(relay.http)"
            let other = try relay.folder.write(String(Self.token.reversed()), to: "other.token")
            chmod(other, 0o600)
            let refused = try await elsewhere("status", at: url, token: other)
            #expect(refused.ending == .exit(69))
            #expect(refused.text.contains("does not take this token: --token-file has to name a copy of"))
            try Data(contentsOf: URL(filePath: other)).write(to: URL(filePath: token))
            relay.process.send(SIGHUP)
            #expect(try await relay.logged("token reloaded")["key"] == "admin.token_file")
            #expect(try await elsewhere("status", at: url, token: other).ending == .exit(0))
            try Data("short".utf8).write(to: URL(filePath: token))
            relay.process.send(SIGHUP)
            let line = try await relay.logged("token not reloaded, the one before stands")
            #expect(line["key"] == "admin.token_file" && line["reason"].string?.contains("32") == true, "\(line)")
            #expect(try await elsewhere("status", at: url, token: other).ending == .exit(0))
            #expect(await relay.stop() == .exit(0))
        }

        @Test(arguments: [("secret", 0o600, "one word of 32 printable ASCII"), (token, 0o644, "chmod 600")])
        func aTokenThatIsShortOrReadByAllEndsTheStart(text: String, mode: UInt32, complaint: String) async throws {
            let folder = try RelayFolder()
            let file = try folder.write(text, to: "admin.token")
            chmod(file, mode)
            try folder.configure(["admin.http": true, "admin.token_file": .string(file)])
            let process = try Relay.launch(in: folder)
            let line = await process.line { $0.contains(complaint) }
            #expect(line != nil, "\(process.output.lines)")
            #expect(await process.end() != .exit(0))
        }

        @Test func withoutItThePortKnowsNoOrders() async throws {
            let relay = try await Relay.start()
            let headers = ["Authorization: Bearer \(Self.token)"]
            #expect(try await HTTP.get("http://\(relay.http)/v1/status", headers: headers).status == 404)
            let file = try relay.folder.write(Self.token, to: "admin.token")
            chmod(file, 0o600)
            let said = try await elsewhere("status", at: "http://\(relay.http)", token: file)
            #expect(said.ending == .exit(69) && said.text.contains("admin.http is not true there"), "\(said.text)")
            #expect(await relay.stop() == .exit(0))
        }

        @Test func theSocketIsItsGroupsWhereThereIsOne() async throws {
            let relay = try await Relay.start(["admin.socket_group": .string("\(getegid())")])
            let mode = try FileManager.default.attributesOfItem(atPath: relay.folder.path + "/admin.sock")
            #expect(mode[.posixPermissions] as? Int == 0o660)
            #expect(await relay.stop() == .exit(0))
            let folder = try RelayFolder(["admin.socket_group": "no-such-group"])
            let process = try Relay.launch(in: folder)
            #expect(await process.end() != .exit(0))
            #expect(process.output.lines.contains { $0.contains("admin.socket_group: there is no group") })
        }
    }
}
