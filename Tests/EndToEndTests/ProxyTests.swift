import Glibc
import ProgramFixture
import Testing

extension EndToEnd {
    /// A real haproxy in front of the relay, in each of the ways it can say whose connection it is.
    @Suite struct ProxyTests {
        enum Way: String, CaseIterable {
            case version1 = "send-proxy"
            case version2 = "send-proxy-v2"
            /// The proxy reads the request, and checks the relay's health with one of its own.
            case forwardedFor = "http"

            var header: JSON { self == .forwardedFor ? "x_forwarded_for" : "proxy_protocol" }

            func configuration(_ port: Int, _ address: String) -> String {
                let isHTTP = self == .forwardedFor
                return """
                    defaults
                      mode \(isHTTP ? "http" : "tcp")
                      timeout connect 20s
                      timeout client 60s
                      timeout server 60s
                      \(isHTTP ? "option forwardfor" : "")
                    listen relay
                      bind 127.0.0.1:\(port)
                      server relay \(address) check inter 100 \(isHTTP ? "" : rawValue)
                    """
            }
        }

        private func url(_ port: Int) -> JSON { .string("ws://127.0.0.1:\(port)/v1/connect") }

        private func proxy(_ way: Way, before relay: Relay) async throws -> (RunningProgram, port: Int) {
            try await proxy(way, before: relay.websocket)
        }

        private func proxy(_ way: Way, before address: String) async throws -> (RunningProgram, port: Int) {
            let port = try FreePort.tcp()
            let proxy = try RunningProgram(
                ["haproxy", "-db", "-f", "FOLDER/haproxy.cfg"],
                files: ["haproxy.cfg": way.configuration(port, address)]
            )
            let listening = try await Programs.shell(
                "for try in {1..200}; do : 2>/dev/null >/dev/tcp/127.0.0.1/\(port) && exit; sleep 0.05; done; exit 1"
            )
            #expect(listening.ending == .exit(0))
            return (proxy, port)
        }

        /// The proxy passes TLS on unread; its own header comes first, in the clear.
        @Test(arguments: [Way.version1, .version2]) func theHeaderComesBeforeTLS(way: Way) async throws {
            let folder = try RelayFolder()
            let made = try await Programs.shell(
                "cd \(folder.path); openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem "
                    + "-out cert.pem -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1; "
                    + "chmod 600 key.pem"
            )
            try #require(made.ending == .exit(0), "\(made.text)")
            try folder.configure([
                "server.tls.enabled": true, "server.tls.cert_file": .string(folder.path + "/cert.pem"),
                "server.tls.key_file": .string(folder.path + "/key.pem"), "server.proxy.header": way.header,
                "server.proxy.trusted_networks": ["127.0.0.1"],
            ])
            let relay = try await Relay.start(in: folder)
            let (proxy, port) = try await self.proxy(way, before: relay)
            let answer = try await Programs.run(
                "curl",
                [
                    "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", folder.path + "/cert.pem",
                    "https://127.0.0.1:\(port)/v1/connect",
                ]
            )
            #expect(answer.text == "426")
            let direct = try await Programs.run("curl", ["-s", "-k", "https://\(relay.websocket)/v1/connect"])
            #expect(direct.ending == .exit(35), "no header, no handshake: \(direct)")
            let scrape = try await relay.scrape()
            #expect(scrape.sum("moltrelay_tls_handshakes_total", ["result": "full"]) == 1)
            #expect((scrape.sum("moltrelay_proxy_headers_total", ["result": "client"]) ?? 0) >= 1)
            #expect(scrape.sum("moltrelay_proxy_headers_total", ["result": "missing"]) == 1)
            #expect(scrape.sum("moltrelay_connection_failures_total", ["cause": "tls"]) == 0)
            withExtendedLifetime(proxy) {}
        }

        @Test(arguments: Way.allCases) func theClientsAddressCounts(way: Way) async throws {
            let relay = try await Relay.start([
                "server.proxy.header": way.header, "server.proxy.trusted_networks": ["127.0.0.1"],
                "limits.max_connections_per_ip": 1,
            ])
            let (proxy, port) = try await self.proxy(way, before: relay)
            let alice = try PythonAgent("alice")
            try await alice.connect(to: relay, ["url": url(port), "source": "127.0.0.2"])
            let bob = try PythonAgent("bob")
            try await bob.connect(to: relay, ["url": url(port), "source": "127.0.0.3"])
            try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": false])
            try await bob.tell("expect", ["ack": true])

            // A second connection of 127.0.0.2, and nobody's but its.
            let again = try PythonAgent("again")
            let refused = try await again.ask(
                "connect",
                again.credentials(for: relay, ["url": url(port), "source": "127.0.0.2"])
            )
            #expect(refused.json["error"].string?.contains("503") == true, "\(refused.json)")
            let scrape = try await relay.scrape {
                $0.sum("moltrelay_connection_refusals_total", ["limit": "max_connections_per_ip"]) == 1
                    && ($0.sum("moltrelay_proxy_headers_total", ["result": "client"]) ?? 0) >= 3
            }
            #expect(scrape.sum("moltrelay_connection_refusals_total", ["limit": "max_connections_per_ip"]) == 1)
            // Its checks, a hundred milliseconds apart, are nobody's failure.
            #expect(scrape.sum("moltrelay_connection_errors_total") == 1)
            #expect(scrape.sum("moltrelay_connection_failures_total", ["cause": "proxy_header"]) == 0)
            let hashes = relay.log.filter { $0["event"] == "auth_success" }.compactMap { $0["client_ip_hash"].string }
            #expect(Set(hashes).count == 2, "\(hashes)")
            withExtendedLifetime(proxy) {}
        }

        private func asked(_ url: String, _ flags: String = "") async throws -> String {
            try await Programs.shell("curl -s -o /dev/null -w '%{http_code}' \(flags) \(url)").text
        }

        /// The HTTP and the metrics listener, through the proxy and past it: probes and scrapers bring no header.
        @Test(arguments: [Way.version1, .version2]) func theOtherListenersTakeTheHeaderToo(way: Way) async throws {
            let folder = try RelayFolder()
            let token = try folder.write("5e6a3c0f7b1d4e8a9c2b6d0f1a3e5c7b\n", to: "admin.token")
            chmod(token, 0o600)
            try folder.configure([
                "server.proxy.header": way.header, "server.proxy.trusted_networks": ["127.0.0.1"],
                "admin.http": true, "admin.token_file": .string(token),
            ])
            let relay = try await Relay.start(in: folder)
            for (listener, path) in [(relay.http, "/health/detailed"), (relay.metrics, "/health/detailed")] {
                let (proxy, port) = try await self.proxy(way, before: listener)
                #expect(try await asked("http://localhost:\(port)/health/ready") == "200")
                #expect(
                    try await asked("http://localhost:\(port)\(path)") == "403",
                    "the proxy's client is no neighbour"
                )
                #expect(try await asked("http://\(listener)\(path)") == "200")
                #expect(try await asked("http://\(listener)/health/ready") == "200")
                // Those of agents' limits come from other addresses of this machine, which are no proxies'.
                #expect(try await asked("http://\(listener)/health/ready", "--interface 127.0.0.3") == "200")
                withExtendedLifetime(proxy) {}
            }
            let (proxy, port) = try await self.proxy(way, before: relay.http)
            for address in ["127.0.0.2", "127.0.0.3", "127.0.0.2"] {
                #expect(try await asked("http://127.0.0.1:\(port)/v1/status", "--interface \(address)") == "401")
            }
            _ = try await relay.scrape { $0.sum("moltrelay_http_faults_total", ["fault": "unauthorized"]) == 3 }
            let hashes = relay.log.filter { $0["event"] == "order_refused" }.map { $0["client_ip_hash"].string }
            #expect(hashes.count == 3 && hashes[0] == hashes[2] && hashes[0] != hashes[1], "\(hashes)")
            let said = try await Programs.shell(
                "curl -s --haproxy-protocol --interface 127.0.0.3 http://\(relay.http)/health || echo refused"
            )
            #expect(said.text == "refused")
            let line = try await relay.logged("proxy header refused")
            #expect(line["event"] == "proxy_header" && line["reason"] == "untrusted")
            let scrape = try await relay.scrape()
            #expect(scrape.sum("moltrelay_http_faults_total", ["fault": "proxy_header"]) == 1)
            #expect(scrape.sum("moltrelay_http_faults_total") == 4, "the proxy's checks are nobody's failure")
            withExtendedLifetime(proxy) {}
        }

        /// Who is not among the trusted cannot choose its address, and a header of its own gets it nowhere.
        @Test func aStrangersHeaderIsRefusedAndTold() async throws {
            let relay = try await Relay.start([
                "server.proxy.header": "proxy_protocol", "server.proxy.trusted_networks": ["192.0.2.0/24"],
            ])
            let said = try await Programs.shell(
                "exec 3<>/dev/tcp/\(relay.websocket.replacing(":", with: "/")); "
                    + "printf 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\\r\\nGET /v1/connect HTTP/1.1\\r\\n\\r\\n' >&3; cat <&3"
            )
            #expect(said.text == "")
            let line = try await relay.logged("proxy header refused")
            #expect(line["event"] == "proxy_header")
            #expect(line["reason"] == "untrusted")
            _ = try await PythonAgent.connected("alice", to: relay)
            let scrape = try await relay.scrape()
            #expect(scrape.sum("moltrelay_proxy_headers_total", ["result": "untrusted"]) == 1)
            #expect(scrape.sum("moltrelay_connection_failures_total", ["cause": "proxy_header"]) == 1)
        }
    }
}
