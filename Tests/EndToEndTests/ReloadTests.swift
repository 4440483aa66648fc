import Glibc
import Testing

extension EndToEnd {
    @Suite struct ReloadTests {
        @Test func takesTheLevelAndWhoMayConnectAndNamesWhatNeedsARestart() async throws {
            let relay = try await Relay.start()
            let before = try PythonAgent("before")
            try await before.connect(to: relay)
            let org = try await before.tell("key", ["word": "acme"]).json["public"]
            try relay.folder.configure([
                "logging.level": "debug",
                "auth.allow_anonymous": false,
                "auth.trusted_orgs": [["name": "acme", "public_key": org]],
                "messages.max_in_flight": 7,
            ])
            relay.process.send(SIGHUP)

            let changed = try await relay.logged("configuration reloaded")["changed"].strings
            #expect(Set(changed) == ["logging.level", "auth.allow_anonymous", "auth.trusted_orgs"])
            #expect(try await relay.logged("changed keys need a restart")["keys"].strings == ["messages.max_in_flight"])

            let stranger = try PythonAgent("stranger")
            let refused = try await stranger.ask("connect", stranger.credentials(for: relay, [:]))
            #expect(refused.json["document"]["code"] == "AUTH_ORG_UNTRUSTED", "\(refused.json)")
            let attested = try PythonAgent("attested")
            try await attested.connect(to: relay, ["attest": ["org": "acme"]])
            try await attested.tell("close")
            // Written at debug only.
            _ = try await relay.logged("agent disconnected")
            try await before.tell("send", ["to": "nobody", "delivery": 2, "settle": true])
            #expect(await relay.stop() == .exit(0))
        }

        /// Those of new connections and of agents; what a connection began with stays its own.
        @Test func limitsHoldForWhoComesLater() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            try relay.folder.configure([
                "limits.max_connections_per_agent": 1, "limits.max_connections_per_ip": 2,
                "limits.slow_consumer_grace_ms": 7,
            ])
            relay.process.send(SIGHUP)
            let changed = try await relay.logged("configuration reloaded")["changed"].strings
            #expect(Set(changed) == ["limits.max_connections_per_agent", "limits.max_connections_per_ip"])
            let kept = try await relay.logged("changed keys need a restart")["keys"].strings
            #expect(kept == ["limits.slow_consumer_grace_ms"])
            let again = try PythonAgent("alice")
            let second = try await again.ask("connect", again.credentials(for: relay))
            #expect(second.json["document"]["code"] == "AUTH_TOO_MANY_CONNECTIONS", "\(second.json)")
            let bob = try await PythonAgent.connected("bob", to: relay)
            let carol = try PythonAgent("carol")
            let third = try await carol.ask("connect", carol.credentials(for: relay))
            #expect(third.json["error"].string?.contains("503") == true, "\(third.json)")
            try await alice.tell("send", ["to": "bob", "delivery": 1])
            try await bob.tell("expect")
        }

        @Test func aBrokenFileChangesNothingAndIsTold() async throws {
            let relay = try await Relay.start()
            _ = try relay.folder.write("logging:\n  level: debug\n  levle: debug\n", to: "config.yaml")
            relay.process.send(SIGHUP)
            let told = try await relay.logged("configuration not reloaded, the one before stands")
            #expect(
                told["findings"].strings.contains { $0.contains("config.yaml:3:3") && $0.contains("levle") },
                "\(told)"
            )
            try await PythonAgent.connected("alice", to: relay).tell("close")
            #expect(await relay.stop() == .exit(0))
            #expect(!relay.log.contains { $0["level"] == "debug" })
        }
    }
}
