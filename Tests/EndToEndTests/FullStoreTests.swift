import PostgresFixture
import RedisFixture
import Testing

extension EndToEnd {
    /// The disk of the store's server is full, really: a small tmpfs under a real server.
    @Suite(.enabled(if: SmallDisk.isPossible, "mounting a small tmpfs needs root"))
    struct FullStoreTests {
        /// Tables in a tablespace on it. A full volume under `pg_wal` ends PostgreSQL itself, as a crash does.
        @Test func aFullDiskUnderPostgres() async throws {
            let server = try await PostgresServer.launch()
            let disk = try await SmallDisk(megabytes: 16, owner: PostgresServer.user)
            try server.sql("CREATE TABLESPACE small LOCATION '\(disk.path)'")
            try server.sql("ALTER DATABASE postgres SET default_tablespace = small")
            let relay = try await Relay.start(server.settings())
            try await fullness(of: disk, relay, saying: "No space left on device (53100)")
            // Before the disk, which it holds open.
            server.kill()
        }

        /// An append-only file on it, `everysec`. With `always` Redis ends itself, as a crash does.
        @Test func aFullDiskUnderRedis() async throws {
            let disk = try await SmallDisk(megabytes: 16)
            let redis = try RedisServer(["--appendonly", "yes", "--dir", disk.path])
            let relay = try await Relay.start(redis.settings())
            try await fullness(of: disk, relay, saying: "No space left on device")
            redis.kill()
        }

        /// Of large messages, so that they do not fit into what a server has put by.
        private func fullness(of disk: SmallDisk, _ relay: Relay, saying reason: String) async throws {
            let alice = try await PythonAgent.connected("alice", to: relay)
            let (dora, bob) = (
                try await PythonAgent.connected("dora", to: relay), try await PythonAgent.connected("bob", to: relay)
            )
            let large: [String: JSON] = ["to": "away", "delivery": 2, "settle": true, "count": 3, "size": 500_000]
            var kept = try await alice.tell("send", large).acked.keys.map { $0 }
            #expect(kept.count == 3)
            try await disk.fill()
            // What a server acknowledges before it knows is kept once it has room.
            var refused: [String: JSON] = [:]
            for _ in 0..<20 where refused.isEmpty {
                let sent = try await alice.tell("send", large)
                kept += sent.acked.keys
                refused = sent.nacked
            }
            #expect(!refused.isEmpty && refused.values.allSatisfy { $0 == "STORAGE_UNAVAILABLE" }, "\(refused)")
            let unready = try await relay.probe("/health/ready", until: 503)
            #expect(unready.body.contains("[-]store failed: ") && unready.body.contains(reason), "\(unready)")
            #expect(try await HTTP.get("http://\(relay.metrics)/health").status == 200)
            let sent = try await dora.tell("send", ["to": "bob", "delivery": 2, "count": 5])
            #expect(try await bob.tell("collect", ["ids": .array(sent.ids.map { .string($0) })]).missing == [])

            try await disk.makeRoom()
            _ = try await relay.probe("/health/ready", until: 200)
            let again = try await alice.tell("send", large)
            #expect(again.acked.count == 3, "\(again.json)")
            kept += again.acked.keys
            let away = try await PythonAgent.connected("away", to: relay)
            #expect(try await away.tell("collect", ["ids": .array(kept.map { .string($0) })]).missing == [])
            let ledger = try Ledger(await relay.scrape { try Ledger($0).isBalanced && Ledger($0).inFlight == 0 })
            #expect(ledger.isBalanced, "\(ledger)")
        }
    }
}
