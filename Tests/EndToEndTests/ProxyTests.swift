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

            func configuration(_ port: Int, _ relay: Relay) -> String {
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
                      server relay \(relay.websocket) check inter 100 \(isHTTP ? "" : rawValue)
                    """
            }
        }

        private func url(_ port: Int) -> JSON { .string("ws://127.0.0.1:\(port)/v1/connect") }

        @Test(arguments: Way.allCases) func theClientsAddressCounts(way: Way) async throws {
            let relay = try await Relay.start([
                "server.proxy.header": way.header, "server.proxy.trusted_networks": ["127.0.0.1"],
                "limits.max_connections_per_ip": 1,
            ])
            let port = try FreePort.tcp()
            let proxy = try RunningProgram(
                ["haproxy", "-db", "-f", "FOLDER/haproxy.cfg"],
                files: ["haproxy.cfg": way.configuration(port, relay)]
            )
            let listening = try await Programs.shell(
                "for try in {1..200}; do : 2>/dev/null >/dev/tcp/127.0.0.1/\(port) && exit; sleep 0.05; done; exit 1"
            )
            #expect(listening.ending == .exit(0))

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
