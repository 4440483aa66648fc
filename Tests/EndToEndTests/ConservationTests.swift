import Testing

extension EndToEnd {
    @Suite struct ConservationTests {
        /// Every fate at once: delivered, dropped for want of a recipient, refused, queued, expired.
        @Test func holdsAfterEveryKindOfFate() async throws {
            let relay = try await Relay.start(["queue.max_messages_per_agent": 40])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            try await alice.tell("send", ["to": "bob", "delivery": 1, "count": 100])
            try await alice.tell("send", ["to": "nobody", "delivery": 1, "count": 10])
            let kept = try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 100])
            try await alice.tell("send", ["to": "away", "delivery": 2, "count": 50, "settle": true])
            try await alice.tell("send", ["to": "late", "delivery": 2, "count": 5, "ttl": 1, "settle": true])
            try await bob.tell("collect", ["ids": .array(kept.ids.map { .string($0) })])

            let scrape = try await relay.scrape {
                let ledger = try Ledger($0)
                return ledger.isBalanced && ledger.inFlight == 0 && ledger.expired == 5
            }
            let ledger = try Ledger(scrape)
            #expect(ledger.isBalanced, "\(ledger)")
            #expect(ledger.delivered == 200, "\(ledger)")
            #expect(ledger.queued == 40, "\(ledger)")
            #expect(ledger.expired == 5, "\(ledger)")
        }

        @Test func holdsAfterLoadBothWays() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            async let one = alice.tell("flood", ["to": ["bob", "away"], "until_acked": 2000, "window": 200])
            async let other = bob.tell("flood", ["to": ["alice", "away"], "until_acked": 2000, "window": 200])
            _ = try await (one, other)
            let sent = try await alice.tell("flood_stop").json["sent"].int ?? 0
            let back = try await bob.tell("flood_stop").json["sent"].int ?? 0
            let scrape = try await relay.scrape { try Ledger($0).isBalanced }
            let ledger = try Ledger(scrape)
            #expect(ledger.isBalanced, "\(ledger)")
            #expect(ledger.accepted == Double(sent + back), "\(ledger)")
        }
    }
}
