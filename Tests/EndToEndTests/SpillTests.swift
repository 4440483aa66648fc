import FoundationEssentials
import Glibc
import RedisFixture
import Testing

extension EndToEnd {
    @Suite struct SpillTests {
        @Test func whatTheStoreCannotTakeWaitsInAFile() async throws {
            let redis = try RedisServer(["--appendonly", "yes", "--appendfsync", "always"])
            let folder = try RelayFolder()
            try folder.configure(redis.settings(["storage.spill.path": .string(folder.path + "/spill.db")]))
            let relay = try await Relay.start(in: folder)
            let alice = try await PythonAgent.connected("alice", to: relay)
            let carol = try await PythonAgent.connected("carol", to: relay)
            let before = try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 5, "settle": true])

            redis.kill()
            let during = try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 20, "settle": true])
            #expect(during.acked.count == 20 && during.acked.values.allSatisfy { $0 == "queued" }, "\(during.acked)")
            let live = try await alice.tell("send", ["to": "carol", "delivery": 2, "settle": true])
            #expect(try await carol.tell("collect", ["ids": .array(live.ids.map { .string($0) })]).missing == [])
            _ = try await relay.probe("/health/ready", until: 503)
            _ = try await relay.check("spill", until: "warn")
            #expect(try await relay.scrape().sum("moltrelay_spilled_messages_total") ?? 0 >= 20)

            try redis.start()
            _ = try await relay.probe("/health/ready", until: 200)
            let scrape = try await relay.scrape { $0.sum("moltrelay_spill_messages") == 0 }
            #expect(scrape.sum("moltrelay_spill_moved_messages_total") ?? 0 >= 20)
            _ = try await relay.check("spill", until: "pass")
            let bob = try await PythonAgent.connected("bob", to: relay)
            let ids = (before.ids + during.ids).map { JSON.string($0) }
            #expect(try await bob.tell("collect", ["ids": .array(ids)]).missing == [])
            let ledger = try Ledger(await relay.scrape { try Ledger($0).queued == 0 })
            #expect(ledger.isBalanced && ledger.delivered == 26, "\(ledger)")
        }

        @Test func theNextRunMovesWhatAKilledOneLeft() async throws {
            let redis = try RedisServer(["--appendonly", "yes", "--appendfsync", "always"])
            let folder = try RelayFolder()
            try folder.configure(redis.settings(["storage.spill.path": .string(folder.path + "/spill.db")]))
            let first = try await Relay.start(in: folder)
            let alice = try await PythonAgent.connected("alice", to: first)
            redis.kill()
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 20, "settle": true])
            #expect(sent.acked.count == 20, "\(sent.acked)")
            _ = await first.stop(with: SIGKILL)

            let relay = try await Relay.start(in: folder)
            let started = try await relay.logged("relay started")
            #expect(started["spill"].string == folder.path + "/spill.db", "\(started)")
            #expect(started["spilled_messages"].string == "20", "\(started)")
            try redis.start()
            _ = try await relay.probe("/health/ready", until: 200)
            _ = try await relay.scrape { $0.sum("moltrelay_spill_messages") == 0 }
            let bob = try await PythonAgent.connected("bob", to: relay)
            #expect(try await bob.tell("collect", ["ids": .array(sent.ids.map { .string($0) })]).missing == [])
            let ledger = try Ledger(await relay.scrape { try Ledger($0).queued == 0 })
            #expect(ledger.isBalanced, "\(ledger)")
        }
    }
}
