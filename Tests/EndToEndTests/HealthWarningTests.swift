import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// Checks that warn, made to do so: traffic goes on. The clock's is in ClockTests, the log's in LoggingTests.
    @Suite struct HealthWarningTests {
        /// Everybody who looks sees it, and nobody is sent away.
        private func expectWarning(_ name: String, of relay: Relay, because reason: String) async throws {
            let check = try await relay.check(name, until: "warn")
            #expect(check["reason"].string?.contains(reason) == true, "\(check)")
            #expect(check["latency_seconds"] != .null)
            let turned = relay.log.last { $0["message"] == "health check turned" && $0["check"].string == name }
            #expect(turned?["level"] == "warning")
            let scrape = try await relay.scrape()
            #expect(scrape.sum("moltrelay_health_warning", ["check": name]) == 1)
            #expect(scrape.sum("moltrelay_health_check", ["check": name]) == 1)
            #expect((scrape.sum("moltrelay_health_transitions_total", ["check": name]) ?? 0) >= 2)
            #expect(try await HTTP.get("http://\(relay.metrics)/health/ready").status == 200)
            let json = ["accept: application/health+json"]
            let details = try await HTTP.get("http://\(relay.metrics)/health/detailed", headers: json)
            #expect(details.status == 200 && details.contentType == "application/health+json")
            let document = try JSON(parsing: details.body)
            #expect(document["status"] == "warn")
            #expect(document["checks"][name][0]["output"].string?.contains(reason) == true, "\(document)")
        }

        private func expectRecovery(_ name: String, of relay: Relay) async throws {
            _ = try await relay.check(name, until: "pass")
            #expect(try await relay.scrape().sum("moltrelay_health_warning", ["check": name]) == 0)
        }

        @Test func aDiskThatFillsUp() async throws {
            let folder = try FullDiskTests.folder()
            let relay = try await FullDiskTests.start(in: folder)
            _ = try await relay.check("disk", until: "pass")
            let ballast = "/proc/\(relay.process.pid)/root\(folder.path)/disk/ballast"
            let filled = try await Programs.shell("cat /dev/zero > \(ballast) || truncate -s -256K \(ballast)")
            #expect(filled.ending == .exit(0), "\(filled.text)")
            try await expectWarning("disk", of: relay, because: "the store volume has ")
            #expect(try await Programs.run("rm", [ballast]).ending == .exit(0))
            try await expectRecovery("disk", of: relay)
        }

        @Test func aQueueNearItsBound() async throws {
            let relay = try await Relay.start([
                "messages.max_size_bytes": 200_000, "queue.max_total_size_bytes": 1_048_576,
            ])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let large: [String: JSON] = ["to": "away", "delivery": 2, "settle": true, "count": 5, "size": 195_000]
            #expect(try await alice.tell("send", large).acked.count == 5)
            try await expectWarning("queue", of: relay, because: "queue.max_total_size_bytes is 1048576")
            let away = try await PythonAgent.connected("away", to: relay)
            for _ in 0..<5 { try await away.tell("expect", ["ack": true]) }
            try await expectRecovery("queue", of: relay)
        }

        @Test func connectionsNearTheirBound() async throws {
            let relay = try await Relay.start(["limits.max_connections": 2])
            let alice = try await PythonAgent.connected("alice", to: relay)
            _ = try await relay.check("connections", until: "pass")
            let bob = try await PythonAgent.connected("bob", to: relay)
            try await expectWarning("connections", of: relay, because: "there is room for 2")
            try await bob.tell("close")
            try await expectRecovery("connections", of: relay)
            try await alice.tell("ping")
        }

        @Test func aRefusedReload() async throws {
            let relay = try await Relay.start()
            _ = try relay.folder.write("logging:\n  levle: debug\n", to: "config.yaml")
            relay.process.send(SIGHUP)
            try await expectWarning("configuration", of: relay, because: "the last reload was refused")
            #expect(try await relay.scrape().sum("moltrelay_config_last_reload_success") == 0)
            try relay.folder.configure(["logging.level": "debug"])
            relay.process.send(SIGHUP)
            try await expectRecovery("configuration", of: relay)
            #expect(try await relay.scrape().sum("moltrelay_config_last_reload_success") == 1)
        }

        /// Every check and latch has its series, and nothing else has.
        @Test func checksAndSeriesAreTheSame() async throws {
            let relay = try await Relay.start(["server.drain.readiness_delay_ms": 600_000])
            relay.process.send(SIGTERM)
            _ = try await relay.probe("/health/ready", until: 503)
            let details = try JSON(parsing: try await HTTP.get("http://\(relay.metrics)/health/detailed").body)
            let named = (details["checks"].array + details["latches"].array).compactMap { $0["name"].string }
            let series = try await relay.scrape().samples.filter { $0.name == "moltrelay_health_check" }
            #expect(named.sorted() == series.compactMap { $0.labels["check"] }.sorted())
            for check in details["checks"].array { #expect(check["latency_seconds"] != .null, "\(check)") }
        }
    }
}
