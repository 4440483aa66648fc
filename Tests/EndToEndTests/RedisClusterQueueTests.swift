import RedisFixture
import Testing

extension EndToEnd {
    /// The queue in a real Redis Cluster of six nodes, one of which dies.
    @Suite struct RedisClusterQueueTests {
        @Test func aPrimaryThatDiesIsReplacedUnderTraffic() async throws {
            let cluster = try await RedisClusterServers.start(["--appendonly", "yes"])
            let relay = try await Relay.start(cluster.settings())
            #expect(try await relay.logged("queue in Redis")["shards"] == "16")
            let alice = try await PythonAgent.connected("alice", to: relay)
            // Some in each shard.
            let away = (0..<48).map { "away\($0)" }
            var promised: [String: String] = [:]
            for agent in away {
                let sent = try await alice.tell("send", ["to": .string(agent), "delivery": 2, "settle": true])
                #expect(sent.acked[sent.ids[0]] == "queued")
                promised[agent] = sent.ids[0]
            }
            for primary in cluster.nodes.prefix(3) { try primary.cli("WAIT", "1", "5000") }
            #expect(try await relay.scrape().sum("moltrelay_queue_depth") == 48)

            cluster.nodes[1].kill()
            let refused = try await relay.probe("/health/ready", until: 503)
            #expect(refused.body.contains("[-]store failed: 127.0.0.1:\(cluster.ports[1]): "), "\(refused)")
            #expect(refused.body.contains("of 16 shards)"), "\(refused)")
            let flood: [String: JSON] = [
                "to": .array(away.map { .string($0) }), "size": 512, "window": 50, "until_acked": 100,
            ]
            try await alice.tell("flood", flood)
            _ = try await relay.probe("/health/ready", until: 200)
            _ = try await alice.tell("flood_stop")
            for (agent, id) in promised.prefix(12) {
                let recipient = try await PythonAgent.connected(agent, to: relay)
                let got = try await recipient.tell("collect", ["ids": [.string(id)]])
                #expect(got.missing == [])
            }
            let ledger = try Ledger(await relay.scrape { try Ledger($0).isBalanced })
            #expect(ledger.isBalanced, "\(ledger)")
        }

        @Test func theKeyThatIsWrongIsNamed() async throws {
            let cluster = try await RedisClusterServers.shared.value
            let lonely = try RedisServer()
            let alone = lonely.settings(["storage.redis.cluster": true])
            let asOne = cluster.settings().merging(["storage.redis.cluster": false]) { $1 }
            for (settings, advice) in [
                (alone, "cluster support disabled: say `storage.redis.cluster: false`, or name nodes of a cluster"),
                (asOne, "it is a node of a Redis Cluster: say `storage.redis.cluster: true`"),
            ] {
                let said = try await Relay.refusal(in: RelayFolder(settings))
                #expect(said.contains(advice), "\(said)")
            }
        }
    }
}

extension RedisClusterServers {
    /// What makes a relay queue there; it learns four of the nodes.
    func settings() -> [String: JSON] {
        [
            "queue.storage": "redis", "storage.redis.cluster": true,
            "storage.redis.addresses": .array(ports.prefix(2).map { .string("127.0.0.1:\($0)") }),
        ]
    }
}
