import PostgresFixture
import RedisFixture
import Testing

extension EndToEnd {
    /// A store that answers late, and then too late: a proxy before a real server holds its answers back.
    @Suite struct SlowStoreTests {
        @Test func sendersWaitForASlowRedis() async throws {
            let redis = try RedisServer()
            let proxy = try await SlowProxy(before: redis.port)
            try await slowness(
                of: proxy,
                redis.settings(["storage.redis.addresses": [.string("127.0.0.1:\(proxy.port)")]])
            )
        }

        @Test func sendersWaitForASlowPostgres() async throws {
            let server = try await PostgresServer.launch()
            let proxy = try await SlowProxy(before: server.port)
            try await slowness(
                of: proxy,
                server.settings(["storage.postgres.port": .number(Double(proxy.port))])
            )
        }

        private func slowness(of proxy: SlowProxy, _ settings: [String: JSON]) async throws {
            let relay = try await Relay.start(settings)
            let alice = try await PythonAgent.connected("alice", to: relay)
            let (dora, bob) = (
                try await PythonAgent.connected("dora", to: relay), try await PythonAgent.connected("bob", to: relay)
            )
            let away: [String: JSON] = ["to": "away", "delivery": 2, "count": 5, "settle": true]
            #expect(try await alice.tell("send", away).acked.count == 5)

            // Late: they are acknowledged all the same, and the histogram says how late.
            await proxy.delay(milliseconds: 700)
            let late = try await alice.tell("send", away)
            #expect(late.acked.values.allSatisfy { $0 == "queued" } && late.acked.count == 5, "\(late.json)")
            let slow = try await relay.scrape()
            let commits = "moltrelay_store_commit_duration_seconds_bucket"
            let all = try #require(slow.sum(commits, ["le": "+Inf"]))
            #expect(try all > #require(slow.sum(commits, ["le": "0.25"])))

            // Too late: senders are told, readiness says why, and those who are connected go on.
            await proxy.delay(milliseconds: 60_000)
            let lost = try await alice.tell("send", away)
            #expect(lost.nacked.values.allSatisfy { $0 == "STORAGE_UNAVAILABLE" } && lost.nacked.count == 5)
            let refused = try await relay.probe("/health/ready", until: 503)
            #expect(refused.body.contains("[-]store failed: "), "\(refused)")
            #expect(try await HTTP.get("http://\(relay.metrics)/health").status == 200)
            let sent = try await dora.tell("send", ["to": "bob", "delivery": 2, "count": 5])
            #expect(try await bob.tell("collect", ["ids": .array(sent.ids.map { .string($0) })]).missing == [])
            // No loop ever waited for it.
            let lags = try await relay.scrape()
            let turns = try #require(lags.sum("moltrelay_event_loop_lag_seconds_count"))
            #expect(lags.sum("moltrelay_event_loop_lag_seconds_bucket", ["le": "1.0"]) == turns)

            await proxy.delay(milliseconds: 0)
            _ = try await relay.probe("/health/ready", until: 200)
            let again = try await alice.tell("send", away)
            #expect(again.acked.count == 5)
            let ledger = try Ledger(await relay.scrape { try Ledger($0).isBalanced })
            #expect(ledger.isBalanced, "\(ledger)")
        }
    }
}
