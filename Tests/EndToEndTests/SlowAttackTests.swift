import Glibc
import ProgramFixture
import Testing

extension EndToEnd {
    /// slowhttptest against every listener at once, while everybody else is served.
    @Suite struct SlowAttackTests {
        enum Attack: String, CaseIterable {
            case headers = "-H"
            case bodies = "-B"
            case readers = "-X"
        }

        /// 200 sockets of 127.0.0.1 at each of the four, for six seconds; agents come from another address.
        private func attack(_ attack: Attack, _ relay: Relay, _ admin: Int) throws -> [ChildProcess] {
            let urls = [
                "http://\(relay.websocket)/v1/connect", "http://\(relay.http)/health",
                "http://\(relay.metrics)/metrics",
                "http://127.0.0.1:\(admin)/metrics",
            ]
            return try urls.map { url in
                try ChildProcess(
                    "/usr/bin/env",
                    ["slowhttptest", attack.rawValue, "-c", "200", "-r", "100", "-i", "1", "-l", "6", "-u", url],
                    environment: ["PATH": Programs.path],
                    mergingErrors: true
                )
            }
        }

        @Test(arguments: Attack.allCases) func othersAreServed(attack: Attack) async throws {
            let relay = try await Relay.start([
                "limits.connections_per_ip_per_second": 50, "limits.handshake_timeout_ms": 2_000,
            ])
            let port = try FreePort.tcp()
            let bridge = try RunningProgram(
                [
                    "socat", "TCP-LISTEN:\(port),bind=127.0.0.1,fork,reuseaddr,backlog=512",
                    "UNIX-CONNECT:\(relay.folder.path)/admin.sock",
                ],
                files: [:]
            )
            let source: [String: JSON] = ["source": "127.0.0.9"]
            let alice = try await PythonAgent.connected("alice", to: relay, source)
            let bob = try await PythonAgent.connected("bob", to: relay, source)
            let attackers = try self.attack(attack, relay, port)
            var rounds = 0
            while attackers.contains(where: \.isRunning) {
                try await alice.tell("send", ["to": "bob", "delivery": 2])
                try await bob.tell("expect", ["ack": true])
                for listener in [relay.http, relay.metrics] {
                    let answer = try await HTTP.get("http://\(listener)/health/ready")
                    #expect(answer.status == 200, "round \(rounds): \(answer)")
                }
                let status = try await relay.command("status", "--json")
                #expect(status.ending == .exit(0), "round \(rounds): \(status.text)")
                let carol = try await PythonAgent.connected("carol", to: relay, source)
                try await carol.tell("close")
                rounds += 1
            }
            #expect(rounds >= 3, "hardly looked")
            let scrape = try await relay.scrape()
            #expect((scrape.sum("moltrelay_connection_errors_total") ?? 0) > 0)
            #expect((scrape.sum("moltrelay_http_faults_total") ?? 0) > 0)
            #expect((scrape.sum("process_resident_memory_bytes") ?? 0) < 256e6)
            let after = try await relay.scrape { $0.sum("moltrelay_connections_active") == 2 }
            #expect(after.sum("moltrelay_connections_active") == 2)
            #expect(relay.log.count < 500, "a line for each of them")
            withExtendedLifetime((bridge, attackers)) {}
        }
    }
}
