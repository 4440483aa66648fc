import RedisFixture
import Testing

extension Waiting {
    /// The Redis server of a relay that serves, broken. The recipients are away: what they acknowledged at once is
    /// never written, and would prove nothing.
    @Suite struct RedisFaultTests {
        private static let synced = ["--appendonly", "yes", "--appendfsync", "always"]

        /// Killed while a sender floods, and started again: the relay goes on by itself.
        @Test func aKilledServerLosesNothingAcknowledged() async throws {
            let redis = try RedisServer(Self.synced)
            defer { redis.kill() }
            let (relay, promised) = try await floodOverAKill(of: redis)
            #expect(try await promised.missing(at: relay, patience: 10) == [])
            let ledger = try Ledger(await relay.scrape { try Ledger($0).isBalanced && Ledger($0).queued == 0 })
            #expect(ledger.isBalanced, "\(ledger)")
            #expect(try await relay.scrape().sum("moltrelay_store_reopened_total") == 1)
        }

        /// The check above is worth something only if it sees a loss.
        @Test func aServerThatKeepsNothingIsCaught() async throws {
            let redis = try RedisServer()
            defer { redis.kill() }
            let (relay, promised) = try await floodOverAKill(of: redis)
            #expect(try await !promised.missing(at: relay, patience: 2).isEmpty)
            #expect(try await relay.logged("queue in Redis")["survives"] == "nothing but the server's last snapshot")
        }

        private func floodOverAKill(of redis: RedisServer) async throws -> (Relay, Promised) {
            let relay = try await Relay.start(redis.settings())
            let sender = try await PythonAgent.connected("sender", to: relay)
            let flood: [String: JSON] = ["to": ["away", "gone"], "size": 2048, "window": 50, "until_acked": 300]
            try await sender.tell("flood", flood)
            redis.kill()
            let refused = try await relay.probe("/health/ready", until: 503)
            #expect(refused.body.contains("[-]store failed: "), "\(refused)")
            #expect(try await HTTP.get("http://\(relay.metrics)/health").status == 200)
            let result = try await sender.tell("flood_stop")
            #expect(result.nacked.values.contains("STORAGE_UNAVAILABLE"))
            #expect(Set(result.nacked.values.compactMap(\.string)) == ["STORAGE_UNAVAILABLE"])

            try redis.start()
            _ = try await relay.probe("/health/ready", until: 200)
            var promised = Promised(result.json)
            let other = try await PythonAgent.connected("other", to: relay)
            try await other.tell("flood", flood)
            promised.add(Promised(try await other.tell("flood_stop").json))
            return (relay, promised)
        }

        /// It answers nothing, and closes nothing either.
        @Test func aFrozenServerStallsNoEventLoop() async throws {
            let redis = try RedisServer(Self.synced)
            let relay = try await Relay.start(redis.settings())
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            redis.freeze()
            let sent = try await alice.tell("send", ["to": "away", "delivery": 2, "settle": true])
            #expect(sent.nacked[sent.ids[0]] == "STORAGE_UNAVAILABLE")
            let refused = try await relay.probe("/health/ready", until: 503)
            #expect(refused.body.contains("no answer within 3000 ms"), "\(refused)")
            // Who is there is served meanwhile.
            try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 50])
            try await bob.tell("expect", ["count": 50, "ack": true])
            let scrape = try await relay.scrape()
            #expect(
                scrape.sum("moltrelay_event_loop_lag_seconds_bucket", ["le": "1.0"])
                    == scrape.sum("moltrelay_event_loop_lag_seconds_count")
            )

            redis.resume()
            _ = try await relay.probe("/health/ready", until: 200)
            let again = try await alice.tell("send", ["to": "away", "delivery": 2, "settle": true])
            #expect(again.acked[again.ids[0]] == "queued")
            let ledger = try Ledger(await relay.scrape { try Ledger($0).isBalanced })
            #expect(ledger.isBalanced, "\(ledger)")
        }

        /// `maxmemory` with `noeviction`. It empties by what recipients acknowledge, and is written to again unasked.
        @Test func aFullServerSaysSoAndEmpties() async throws {
            let redis = try RedisServer(["--maxmemory", "6mb"])
            let relay = try await Relay.start(redis.settings())
            let alice = try await PythonAgent.connected("alice", to: relay)
            let message: [String: JSON] = ["to": "bob", "delivery": 2, "size": 60_000, "settle": true]
            var (queued, refusal) = ([JSON](), JSON.null)
            while refusal == .null, queued.count < 200 {
                let sent = try await alice.tell("send", message)
                if let code = sent.nacked[sent.ids[0]] { refusal = code } else { queued.append(.string(sent.ids[0])) }
            }
            #expect(refusal == "STORAGE_UNAVAILABLE" && !queued.isEmpty)
            let refused = try await relay.probe("/health/ready", until: 503)
            #expect(refused.body.contains("[-]store failed: OOM command not allowed"), "\(refused)")

            let bob = try await PythonAgent.connected("bob", to: relay)
            #expect(try await bob.tell("collect", ["ids": .array(queued)]).missing == [])
            _ = try await relay.probe("/health/ready", until: 200)
            let again = try await alice.tell("send", message.merging(["to": "away"]) { $1 })
            #expect(again.acked[again.ids[0]] == "queued")
        }

        /// As after a failover that the configuration does not know of.
        @Test func aReplicaIsNotReady() async throws {
            let primary = try RedisServer()
            let redis = try RedisServer()
            let relay = try await Relay.start(redis.settings())
            try redis.cli("REPLICAOF", "127.0.0.1", "\(primary.port)")
            let refused = try await relay.probe("/health/ready", until: 503)
            #expect(refused.body.contains("[-]store failed: READONLY"), "\(refused)")
            try redis.cli("REPLICAOF", "NO", "ONE")
            _ = try await relay.probe("/health/ready", until: 200)
        }

        @Test func aServerThatEvictsIsWarnedOf() async throws {
            let redis = try RedisServer(["--maxmemory-policy", "allkeys-lru", "--appendonly", "yes"])
            let relay = try await Relay.start(redis.settings())
            #expect(try await relay.logged("queue in Redis")["appendfsync"] == "everysec")
            #expect(try await relay.logged("Redis may lose messages")["reason"].string?.contains("noeviction") == true)
            let check = try await relay.check("store", until: "warn")
            #expect(check["reason"].string?.contains("maxmemory-policy is allkeys-lru") == true, "\(check)")
            _ = try await relay.probe("/health/ready", until: 200)
            let scrape = try await relay.scrape()
            #expect(scrape.sum("moltrelay_health_warning", ["check": "store"]) == 1)
            // Of files on this machine.
            #expect(scrape.sum("moltrelay_store_file_bytes") == nil)
        }
    }
}
