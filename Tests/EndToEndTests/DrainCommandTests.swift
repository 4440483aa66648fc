import Testing

extension EndToEnd {
    @Suite struct DrainCommandTests {
        @Test func everyAgentIsSentAwayTheRelayStaysAndTakesThemAgain() async throws {
            let relay = try await Relay.start(["server.drain.readiness_delay_ms": 0])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let outcome = try await relay.command("drain", "--reconnect-delay", "5s")
            #expect(outcome.ending == .exit(0), "\(outcome.text)")
            #expect(outcome.lines.last == "drained; `moltrelay drain --resume` takes agents again")
            let goAway = try await alice.tell("expect", ["type": "GOAWAY"]).frames[0]["document"]
            #expect((5_000...10_000).contains(goAway["reconnect_after_ms"].int ?? 0), "\(goAway)")
            #expect(try await alice.tell("end").close == 1001)

            let status = try await JSON(parsing: relay.command("status", "--json").text)
            #expect(status["state"] == "drained" && status["health"]["failing"].strings == ["draining"], "\(status)")
            #expect(try await HTTP.get("http://\(relay.metrics)/health/ready").status == 503)
            #expect(try await HTTP.get("http://\(relay.metrics)/health").status == 200)
            let check = try await relay.scrape().sum("moltrelay_health_check", ["check": "draining"])
            #expect(check == 0)
            let refused = try await PythonAgent("bob").ask("connect", ["url": .string(relay.url), "agent": "bob"])
            #expect(!refused.ok)
            let ordered = try await relay.logged("drain ordered by hand")
            #expect(ordered["event"] == "drain_ordered" && ordered["reconnect_after_ms"] == "5000", "\(ordered)")
            // Again is no news.
            #expect(try await relay.command("drain").ending == .exit(0))

            #expect(try await relay.command("drain", "--resume").text == "agents may connect again")
            _ = try await relay.probe("/health/ready", until: 200)
            let again = try await PythonAgent.connected("bob", to: relay)
            try await again.tell("send", ["to": "bob", "delivery": 2])
            try await again.tell("expect")
            #expect(try await relay.command("drain", "--resume").ending == .exit(69))
            #expect(await relay.stop() == .exit(0))
        }

        @Test func aDrainThatStillWaitsIsCalledOff() async throws {
            let relay = try await Relay.start(["server.drain.readiness_delay_ms": 600_000])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let order = try await JSON(parsing: relay.command("drain", "--no-wait", "--json").text)
            #expect(order["state"] == "waiting", "\(order)")
            _ = try await relay.probe("/health/ready", until: 503)
            #expect(try await relay.command("drain").ending == .exit(69))
            #expect(try await relay.command("drain", "--resume").ending == .exit(0))
            _ = try await relay.probe("/health/ready", until: 200)
            try await alice.tell("ping")
            #expect(await relay.stop(with: 2) == .exit(0))
        }

        @Test func whatDoesNotEndInTimeIsTold() async throws {
            let relay = try await Relay.start(["server.drain.timeout_ms": 200, "queue.enabled": false])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            // Without a queue it is in flight until bob acknowledges it, and bob does not.
            try await alice.tell("send", ["to": "bob", "delivery": 2])
            try await bob.tell("expect")
            let outcome = try await relay.command("drain", "--now", "--json")
            let document = try JSON(parsing: outcome.lines.last ?? "")
            #expect(document["state"] == "drained", "\(outcome.text)")
            #expect(document["complete"] == false && outcome.ending == .exit(1), "\(outcome.text)")
            #expect(await relay.stop() == .exit(0))
        }

        @Test func theRelayEndsAfterwardsWhereToldTo() async throws {
            let relay = try await Relay.start(["server.drain.readiness_delay_ms": 600_000])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let outcome = try await relay.command("drain", "--exit", "--now", "--reconnect-delay", "1s")
            #expect(outcome.ending == .exit(0) && outcome.lines.last == "the relay has ended", "\(outcome.text)")
            let goAway = try await alice.tell("expect", ["type": "GOAWAY"]).frames[0]["document"]
            #expect((1_000...2_000).contains(goAway["reconnect_after_ms"].int ?? 0), "\(goAway)")
            #expect(await relay.process.end() == .exit(0))
        }
    }
}
