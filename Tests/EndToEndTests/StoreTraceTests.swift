import FoundationEssentials
import PostgresFixture
import RedisFixture
import Testing

extension EndToEnd {
    /// What a real store did, in the traces of the messages that it did it for.
    @Suite(.serialized) struct StoreTraceTests {
        /// A message waits for its recipient, is read and acknowledged.
        private func wayThroughTheQueue(_ settings: [String: JSON]) async throws -> [String: Span] {
            let collector = try await TraceCollector()
            let relay = try await Relay.start(collector.jaeger(settings))
            let alice = try await PythonAgent.connected("alice", to: relay)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 3, "settle": true])
            let bob = try await PythonAgent.connected("bob", to: relay)
            try await bob.tell("expect", ["count": 3, "ack": true])
            let spans = try await collector.spans("message", "settle", of: sent.ids[0])
            let root = try #require(spans.first { $0.name == "message" })
            let calls = spans.filter { ["put", "load", "settle"].contains($0.name) }
            #expect(calls.map(\.name).sorted() == ["load", "put", "settle"], "\(spans.map(\.name))")
            for call in calls {
                #expect(call.parent == root.span)
                #expect(call.field("span.kind") == "client")
                #expect(call.field("otel.status_code") == nil)
                #expect(call.number("moltrelay.batch.rows") ?? 0 >= 1)
                #expect(call.number("moltrelay.batch.waited_ms") ?? -1 >= 0)
                #expect((call.field("moltrelay.batch.id") == nil) == (call.name == "load"), "a page is no batch")
            }
            let scrape = try await relay.scrape()
            #expect(scrape.sum("moltrelay_traces_kept_total") == 3, "parts are no traces")
            #expect(scrape.sum("moltrelay_traces_missed_total") == 0)
            return Dictionary(uniqueKeysWithValues: calls.map { ($0.name, $0) })
        }

        private func expect(_ spans: [String: Span], _ system: String, _ operations: [String: [String]], port: Int?) {
            for (name, span) in spans {
                #expect(span.field("db.system.name") == system)
                #expect(operations[name]?.contains(span.field("db.operation.name") ?? "-") == true, "\(span.json)")
                #expect(span.number("server.port") == port.map(Double.init))
                #expect(span.field("server.address") == (port == nil ? nil : "127.0.0.1"))
            }
            #expect(spans["load"]?.number("db.response.returned_rows") == 3)
        }

        private static let statements = [
            "put": ["INSERT", "BATCH"], "settle": ["DELETE", "BATCH"], "load": ["SELECT"],
        ]

        @Test func theFileIsInTheTrace() async throws {
            expect(try await wayThroughTheQueue([:]), "sqlite", Self.statements, port: nil)
        }

        @Test func theRedisServerIsInTheTrace() async throws {
            let redis = try RedisServer()
            let spans = try await wayThroughTheQueue(redis.settings())
            let scripts = ["put": ["EVALSHA"], "settle": ["EVALSHA"], "load": ["EVALSHA"]]
            expect(spans, "redis", scripts, port: redis.port)
        }

        @Test func thePostgresServerIsInTheTrace() async throws {
            let server = try await PostgresServer.launch()
            expect(
                try await wayThroughTheQueue(server.settings()),
                "postgresql",
                Self.statements,
                port: server.port
            )
        }

        /// Whatever the ratio: a message that the store did not take has failed.
        @Test func whyTheStoreFailedIsInTheTrace() async throws {
            let redis = try RedisServer()
            let collector = try await TraceCollector()
            let settings = redis.settings(["tracing.jaeger.sample_rate": 0])
            let relay = try await Relay.start(collector.jaeger(settings))
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            redis.kill()
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            #expect(sent.nacked.values.map(\.string) == ["STORAGE_UNAVAILABLE"])
            let spans = try await collector.spans("message", "put", of: sent.ids[0])
            let put = try #require(spans.first { $0.name == "put" })
            #expect(put.field("otel.status_code") == "ERROR")
            #expect(put.field("error.type") == "unavailable")
            #expect(put.field("otel.status_description")?.isEmpty == false, "\(put.json)")
            #expect(put.number("server.port") == Double(redis.port))
            #expect(put.number("moltrelay.batch.rows") == 0)
            #expect(Set(collector.spans.map(\.trace)) == [sent.ids[0].filter { $0 != "-" }], "the one before was well")
        }

        @Test func aServerThatIsFullSaysSoInTheTrace() async throws {
            let redis = try RedisServer()
            let collector = try await TraceCollector()
            let relay = try await Relay.start(collector.jaeger(redis.settings()))
            let alice = try await PythonAgent.connected("alice", to: relay)
            _ = try redis.cli("config", "set", "maxmemory", "1")
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            let put = try #require(
                try await collector.spans("put", of: sent.ids[0]).first { $0.name == "put" }
            )
            #expect(put.field("error.type") == "OOM" && put.field("db.response.status_code") == "OOM", "\(put.json)")
        }

        /// The store's failure, the file that took it, the way back: one trace.
        @Test func whatWaitedInTheSpillIsInTheTrace() async throws {
            let redis = try RedisServer(["--appendonly", "yes", "--appendfsync", "always"])
            let collector = try await TraceCollector()
            let folder = try RelayFolder()
            let spill: [String: JSON] = ["storage.spill.path": .string(folder.path + "/spill.db")]
            try folder.configure(collector.jaeger(redis.settings(spill)))
            let relay = try await Relay.start(in: folder)
            let alice = try await PythonAgent.connected("alice", to: relay)
            redis.kill()
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            #expect(sent.acked.values.map(\.string) == ["queued"])
            try redis.start()
            let waiting = try await collector.spans("put", "spill", "drain", of: sent.ids[0])
            #expect(waiting.filter { $0.name == "put" }.allSatisfy { $0.field("error.type") == "unavailable" })
            #expect(waiting.filter { $0.name == "put" }.allSatisfy { $0.number("moltrelay.batch.rows") == 0 })
            let drain = try #require(waiting.first { $0.name == "drain" })
            #expect(drain.field("db.system.name") == "redis" && drain.number("server.port") == Double(redis.port))
            #expect(waiting.first { $0.name == "spill" }?.field("db.system.name") == "sqlite")
            _ = try await relay.scrape { $0.sum("moltrelay_spill_messages") == 0 }
            let bob = try await PythonAgent.connected("bob", to: relay)
            try await bob.tell("expect", ["ack": true])
            let spans = try await collector.spans("message", "load", "settle", of: sent.ids[0])
            let root = try #require(spans.first { $0.name == "message" })
            let calls = spans.filter { ["put", "spill", "drain", "load", "settle"].contains($0.name) }
            #expect(calls.allSatisfy { $0.parent == root.span })
        }
    }
}
