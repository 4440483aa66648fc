import FoundationEssentials
import Glibc
import RedisFixture
import Testing

extension EndToEnd {
    /// The queue in a real Redis server, from the start of the relay to its end.
    @Suite struct RedisQueueTests {
        @Test func whatWaitsOutlivesTheRelay() async throws {
            let redis = try RedisServer()
            let folder = try RelayFolder(redis.settings())
            let first = try await Relay.start(in: folder)
            let alice = try await PythonAgent.connected("alice", to: first)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 20, "settle": true])
            #expect(sent.acked.values.allSatisfy { $0 == "queued" } && sent.acked.count == 20)
            #expect(try JSON(parsing: await first.command("status", "--json").text)["store"]["kind"] == "redis")
            #expect(await first.stop() == .exit(0))

            let relay = try await Relay.start(in: folder)
            let bob = try await PythonAgent.connected("bob", to: relay)
            let got = try await bob.tell("collect", ["ids": .array(sent.ids.map { .string($0) })])
            #expect(got.missing == [])
            let ledger = try Ledger(await relay.scrape { try Ledger($0).queued == 0 })
            #expect(ledger.isBalanced && ledger.recovered == 20, "\(ledger)")
        }

        /// Trying again would change nothing: the start ends, and says what to do.
        @Test func aServerThatRefusesEndsTheStart() async throws {
            let redis = try RedisServer(["--requirepass", "s3cret pass"])
            for (settings, reason) in [
                (["storage.redis.password": "wrong"], "check storage.redis.user and storage.redis.password"),
                ([:], "NOAUTH Authentication required: check storage.redis.user and storage.redis.password"),
            ] as [([String: JSON], String)] {
                let said = try await Relay.refusal(in: RelayFolder(redis.settings(settings)))
                #expect(said.contains("the Redis server (127.0.0.1:\(redis.port)) refuses: "), "\(said)")
                #expect(said.contains(reason) && !said.contains("wrong\""), "\(said)")
            }
            let folder = try RelayFolder()
            let file = try folder.write("s3cret pass\n", to: "password")
            try folder.configure(redis.settings(["storage.redis.password_file": .string(file)]))
            #expect(chmod(file, 0o644) == 0)
            #expect(try await Relay.refusal(in: folder).contains("chmod 600"))
            #expect(chmod(file, 0o600) == 0)
            let relay = try await Relay.start(in: folder)
            #expect(await relay.stop() == .exit(0))
        }

        @Test func aQueueOfANewerRelayEndsTheStart() async throws {
            let redis = try RedisServer()
            try redis.cli("HSET", "moltrelay:{0}:t", "v", "99")
            let said = try await Relay.refusal(in: RelayFolder(redis.settings()))
            #expect(said.contains("the queue there is of version 99, written by a newer relay"), "\(said)")
        }

        /// Alive and not ready, until it comes; nothing but the server has to be started.
        @Test func aServerThatIsAwayAtTheStartIsWaitedFor() async throws {
            let redis = try RedisServer(isStarted: false)
            let relay = try await Relay.start(in: RelayFolder(redis.settings()))
            let refused = try await relay.probe("/health/ready", until: 503)
            #expect(refused.body.contains("[-]store failed: 127.0.0.1:\(redis.port): Connection refused"), "\(refused)")
            for path in ["/health", "/health/startup"] { _ = try await relay.probe(path, until: 200) }

            try redis.start()
            _ = try await relay.probe("/health/ready", until: 200)
            let alice = try await PythonAgent.connected("alice", to: relay)
            let sent = try await alice.tell("send", ["to": "away", "delivery": 2, "settle": true])
            #expect(sent.acked[sent.ids[0]] == "queued")
        }
    }
}

extension Relay {
    /// What a start that ends at once prints.
    static func refusal(in folder: RelayFolder) async throws -> String {
        let process = try Relay.launch(in: folder)
        let ending = await process.end()
        _ = await process.line { _ in false }
        let output = process.output.lines.joined(separator: "\n").replacing("\\/", with: "/")
        guard case .exit(let code) = ending, code != 0 else {
            Issue.record("it ended with \(ending): \(output)")
            return ""
        }
        return output
    }
}

extension RedisServer {
    /// What makes a relay queue there.
    func settings(_ more: [String: JSON] = [:]) -> [String: JSON] {
        let own: [String: JSON] = ["queue.storage": "redis", "storage.redis.addresses": [.string("127.0.0.1:\(port)")]]
        return own.merging(more) { $1 }
    }
}
