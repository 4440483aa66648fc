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

        /// Under load, and with a recipient that acknowledges nothing: what the sender was promised is there
        /// afterwards.
        @Test func losesNothingAcknowledged() async throws {
            let folder = try RelayFolder(["server.drain.timeout_ms": 1000])
            var relay = try await Relay.start(in: folder)
            let silent = try await PythonAgent.connected("silent", to: relay)
            let sender = try await PythonAgent.connected("sender", to: relay)
            try await sender.tell("flood", ["to": ["silent", "away"], "size": 1024, "until_acked": 400])
            #expect(await relay.stop() == .exit(0))
            #expect(try await silent.tell("end").close == 1001)
            let lost = try await sender.tell("flood_lost").json
            let promised = Promised(lost)
            #expect(promised.count >= 400)
            relay = try await Relay.start(in: folder)
            #expect(try await promised.missing(at: relay, patience: 10) == [])
        }

        @Test func notReadyBeforeNewConnectionsAreRefused() async throws {
            let relay = try await Relay.start(["server.drain.readiness_delay_ms": 600_000])
            let alice = try await PythonAgent.connected("alice", to: relay)
            relay.process.send(SIGTERM)
            _ = try await relay.probe("/health/ready", until: 503)
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
