import Glibc
import Testing

extension EndToEnd {
    /// The relay dies at the moments that matter; `kill -9`, so that nothing is put in order before.
    @Suite struct ExactlyOnceTests {
        private static let id: JSON = "3d2f3a4e-0c3b-4c56-9a83-0f6f5c1a7b11"

        private func send(_ sender: PythonAgent, _ ids: [JSON]) async throws -> PythonAgent.Answer {
            try await sender.tell(
                "send",
                ["to": "bob", "delivery": 3, "ids": .array(ids), "count": .number(Double(ids.count)), "settle": true]
            )
        }

        /// What comes next to bob is a message sent just now: nothing was before it.
        private func expectNothingElse(_ relay: Relay, _ alice: PythonAgent, _ bob: PythonAgent) async throws {
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2])
            #expect(try await bob.tell("expect", ["ack": true]).frames[0]["id"].string == sent.ids[0])
        }

        @Test func aRepeatIsNotDeliveredAgainAfterACrash() async throws {
            let folder = try RelayFolder()
            let relay = try await Relay.start(in: folder)
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            async let sent = send(alice, [Self.id])
            #expect(try await bob.tell("expect", ["ack": true]).frames[0]["id"] == Self.id)
            #expect(try await sent.acked.count == 1)
            // The removal is durable, and with it the memory of the id.
            _ = try await relay.scrape { $0.sum("moltrelay_queue_depth") == 0 }
            #expect(await relay.stop(with: SIGKILL) == .signal(SIGKILL))

            let again = try await Relay.start(in: folder)
            try await alice.connect(to: again)
            try await bob.connect(to: again)
            #expect(try await send(alice, [Self.id]).acked.count == 1)
            try await expectNothingElse(again, alice, bob)
        }

        @Test func aCrashBetweenDeliveryAndAcknowledgementRepeatsItsIDOnly() async throws {
            let folder = try RelayFolder()
            let relay = try await Relay.start(in: folder)
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            #expect(try await send(alice, [Self.id]).acked[Self.id.string ?? ""] == "queued")
            #expect(try await bob.tell("expect").frames[0]["id"] == Self.id)
            #expect(await relay.stop(with: SIGKILL) == .signal(SIGKILL))

            let again = try await Relay.start(in: folder)
            try await bob.connect(to: again)
            #expect(try await bob.tell("expect", ["ack": true]).frames[0]["id"] == Self.id)
            try await alice.connect(to: again)
            #expect(try await send(alice, [Self.id]).acked.count == 1)
            try await expectNothingElse(again, alice, bob)
        }

        @Test func theMemoryOfIDsIsBounded() async throws {
            let relay = try await Relay.start(["queue.dedup_max_ids": 2])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let ids: [JSON] = (1...3).map { .string("3d2f3a4e-0c3b-4c56-9a83-00000000000\($0)") }
            let sent = try await send(alice, ids)
            #expect(sent.acked.count == 2)
            #expect(sent.nacked == [ids[2].string ?? "": "QUEUE_FULL"])
        }
    }

    /// The newest connection of an agent is primary until it closes; the relay's loops hold them as they come.
    @Suite struct TakeOverTests {
        @Test func whatTheNewestDidNotAcknowledgeComesToTheNext() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            var bobs: [PythonAgent] = []
            for _ in 0..<4 { bobs.append(try await PythonAgent.connected("bob", to: relay)) }
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 6, "settle": true])
            var left = sent.ids
            while let newest = bobs.popLast() {
                let got = try await newest.tell("expect", ["count": .number(Double(left.count))])
                #expect(got.frames.compactMap { $0["id"].string } == left)
                // It acknowledges one, and is gone.
                try await newest.tell("ack", ["ids": [.string(left.removeFirst())]])
                try await newest.tell("ping")
                try await newest.tell("drop")
            }
            let scrape = try await relay.scrape { $0.sum("moltrelay_queue_depth") == 2 }
            #expect(scrape.sum("moltrelay_queue_depth") == 2)
            #expect(scrape.sum("moltrelay_messages_settled_total", ["fate": "delivered"]) == 4)
        }
    }
}
