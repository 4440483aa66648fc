import PostgresFixture
import Testing

extension EndToEnd {
    /// Two relays on one database.
    @Suite struct SharedPostgresTests {
        /// One queues, the other delivers: each message is counted once, and the books of both hold, also where one
        /// dies and comes back.
        @Test func eachMessageIsCountedOnce() async throws {
            let server = try await PostgresServer.launch()
            let first = try await Relay.start(server.settings(["auth.relay_id": "first"]))
            let folder = try RelayFolder(server.settings(["auth.relay_id": "second"]))
            let second = try await Relay.start(in: folder)
            let alice = try await PythonAgent.connected("alice", to: first)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 30, "settle": true])
            #expect(sent.acked.count == 30)
            let carol = try await PythonAgent.connected("carol", to: second)
            try await carol.tell("send", ["to": "away", "delivery": 2, "count": 7, "settle": true])
            try await expect(37, at: [first, second])

            let bob = try await PythonAgent.connected("bob", to: second)
            let got = try await bob.tell("collect", ["ids": .array(sent.ids.map { .string($0) })])
            #expect(got.missing == [] && got.json["repeated"].int == 0)
            try await expect(7, at: [first, second])
            let scrape = try await second.scrape { $0.sum("moltrelay_messages_taken_over_total") == 30 }
            #expect(scrape.sum("moltrelay_messages_taken_over_total") == 30)
            let other = try await first.scrape { $0.sum("moltrelay_messages_handed_over_total") == 30 }
            #expect(other.sum("moltrelay_messages_handed_over_total") == 30)
            #expect(try JSON(parsing: await first.command("status", "--json").text)["queue"]["messages"] == 7)

            #expect(await second.stop(with: 9) == .signal(9))
            let again = try await Relay.start(in: folder)
            try await expect(7, at: [first, again])
            let ledger = try Ledger(await again.scrape())
            #expect(ledger.queued == 7 && ledger.recovered == 7, "\(ledger)")
        }

        private func expect(_ queued: Double, at relays: [Relay]) async throws {
            var ledgers: [Ledger] = []
            for _ in 0..<Relay.patience {
                ledgers = []
                for relay in relays { ledgers.append(try Ledger(await relay.scrape())) }
                if ledgers.allSatisfy(\.isBalanced), ledgers.map(\.queued).reduce(0, +) == queued { return }
            }
            Issue.record("not \(queued) in all: \(ledgers)")
        }
    }
}
