import Glibc
import Testing

extension EndToEnd {
    @Suite struct DrainTests {
        @Test func whatIsUnderWayEndsAndNothingNewBegins() async throws {
            let relay = try await Relay.start(["server.drain.reconnect_after_ms": 4000])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2])
            try await bob.tell("expect")
            relay.process.send(SIGTERM)

            for agent in [alice, bob] {
                let goAway = try await agent.tell("expect", ["type": "GOAWAY"]).frames[0]["document"]
                #expect((1...8000).contains(goAway["reconnect_after_ms"].int ?? 0), "\(goAway)")
            }
            let late = try await alice.tell("send", ["to": "bob", "delivery": 2])
            let nack = try await alice.tell("expect", ["type": "NACK"]).frames[0]["document"]
            #expect(nack["message_id"].string == late.ids[0])
            #expect(nack["code"] == "DRAINING")
            #expect(try await HTTP.get("http://\(relay.metrics)/health").status == 200)
            #expect(try await HTTP.get("http://\(relay.metrics)/health/ready").status == 503)

            try await bob.tell("ack", ["ids": .array(sent.ids.map { .string($0) })])
            #expect(try await alice.tell("expect", ["type": "ACK"]).frames[0]["ids"].strings == sent.ids)
            #expect(try await alice.tell("end").close == 1001)
            #expect(await relay.process.end() == .exit(0))
        }

        @Test func notReadyBeforeNewConnectionsAreRefused() async throws {
            let relay = try await Relay.start(["server.drain.readiness_delay_ms": 600_000])
            let alice = try await PythonAgent.connected("alice", to: relay)
            relay.process.send(SIGTERM)
            _ = try await relay.scrapeReady(until: 503)
            _ = try await PythonAgent.connected("bob", to: relay)
            try await alice.tell("send", ["to": "bob", "delivery": 1])
            try await alice.tell("ping")
            relay.process.send(SIGTERM)
            guard case .exit = await relay.process.end() else {
                Issue.record("a second signal is an order to leave, not a crash")
                return
            }
        }

        @Test func interruptDoesNotWaitForLoadBalancers() async throws {
            let relay = try await Relay.start(["server.drain.readiness_delay_ms": 600_000])
            let alice = try await PythonAgent.connected("alice", to: relay)
            relay.process.send(SIGINT)
            try await alice.tell("expect", ["type": "GOAWAY"])
            #expect(await relay.process.end() == .exit(0))
        }
    }
}

extension Relay {
    /// Asks for readiness until it is answered with `status`.
    func scrapeReady(until status: Int) async throws -> HTTP.Answer {
        var answer = try await HTTP.get("http://\(metrics)/health/ready")
        for _ in 0..<Self.patience where answer.status != status {
            answer = try await HTTP.get("http://\(metrics)/health/ready")
        }
        try #require(answer.status == status, "\(answer)")
        return answer
    }
}
