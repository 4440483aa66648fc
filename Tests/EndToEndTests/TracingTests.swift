import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// The real binary's spans as a collector gets them.
    @Suite struct TracingTests {
        private static let delivered = [
            "deliver < message", "enqueue < deliver", "message < -", "receive < message", "route < receive",
            "write < deliver",
        ]
        /// As a TRACED frame has it: version, trace, parent, flags.
        private static let context = "00" + "0af7651916cd43dd8448eb211c80319c" + "b7ad6b7169203331" + "01"

        private static let tracing: [String: JSON] = ["extensions": ["auth:bound", "ack:binary", "trace-context"]]

        @Test(arguments: ["jaeger", "otlp-protobuf", "otlp-json"]) func aMessageIsATrace(_ format: String) async throws
        {
            let collector = try await TraceCollector()
            let settings = format == "jaeger" ? collector.jaeger() : collector.otlp(String(format.dropFirst(5)))
            let relay = try await Relay.start(settings)
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            let sent = try await alice.tell("send", ["to": "bob"])
            try await bob.tell("expect")

            let trace = try await collector.trace(of: sent.ids[0])
            #expect(trace.shape == Self.delivered)
            #expect(trace.root.trace == sent.ids[0].filter { $0 != "-" })
            #expect(trace.root.field("moltrelay.fate") == "delivered")
            #expect(trace.root.field("moltrelay.kept_for") == "ratio")
            #expect(trace.root.request["format"].string == format)
            let resource = trace.root.request["batch"]["resource"]
            #expect(resource["service.instance.id"] == "relay-under-test")
            let spans = try await relay.scrape { $0.sum("moltrelay_spans_sent_total") == 6 }
            let exporter = format == "jaeger" ? "jaeger" : "otlp"
            #expect(spans.sum("moltrelay_spans_sent_total", ["exporter": exporter]) == 6)
            #expect(spans.sum("moltrelay_traces_kept_total", ["reason": "ratio"]) == 1)
        }

        @Test func aQueuedMessageIsOneTraceOverARestart() async throws {
            let collector = try await TraceCollector()
            let folder = try RelayFolder(collector.jaeger())
            let relay = try await Relay.start(in: folder)
            let alice = try await PythonAgent.connected("alice", to: relay)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            #expect(await relay.stop() == .exit(0))
            #expect(collector.spans.map(\.name).sorted() == ["put", "receive", "route", "store"])

            let again = try await Relay.start(in: folder)
            let bob = try await PythonAgent.connected("bob", to: again)
            try await bob.tell("expect", ["ack": true])
            let trace = try await collector.trace(of: sent.ids[0])
            let waited = ["acknowledge < message", "load < message", "put < message", "queue wait < message"]
            let own = trace.shape.filter { $0 != "settle < message" }
            #expect(own == (Self.delivered + waited + ["store < receive"]).sorted())
            #expect(trace.root.field("moltrelay.delivery") == "at_least_once")
        }

        @Test(arguments: [1, 2]) func aSendersTraceGoesOn(delivery: Int) async throws {
            let collector = try await TraceCollector()
            let relay = try await Relay.start(collector.jaeger(["tracing.jaeger.sample_rate": 0]))
            let alice = try await PythonAgent.connected("alice", to: relay, Self.tracing)
            let bob = try await PythonAgent.connected("bob", to: relay, Self.tracing)
            let sent = try await alice.tell(
                "send",
                ["to": "bob", "delivery": .number(Double(delivery)), "trace": .string(Self.context)]
            )
            let got = try await bob.tell("expect", ["ack": .bool(delivery > 1)])
            #expect(got.frames[0]["trace"].string == Self.context, "the recipient goes on where the sender was")
            let trace = try await collector.trace(of: sent.ids[0])
            #expect(trace.root.trace == "0af7651916cd43dd8448eb211c80319c")
            #expect(trace.root.parent == "b7ad6b7169203331")
            #expect(trace.root.field("moltrelay.kept_for") == "parent")
        }

        /// Its context lies in the store with it.
        @Test func aSendersTraceOutlivesTheRelay() async throws {
            let collector = try await TraceCollector()
            let folder = try RelayFolder(collector.jaeger(["tracing.jaeger.sample_rate": 0]))
            let relay = try await Relay.start(in: folder)
            let alice = try await PythonAgent.connected("alice", to: relay, Self.tracing)
            let sent = try await alice.tell(
                "send",
                ["to": "bob", "delivery": 2, "settle": true, "trace": .string(Self.context)]
            )
            relay.process.send(SIGKILL)
            _ = await relay.process.end()
            let again = try await Relay.start(in: folder)
            let bob = try await PythonAgent.connected("bob", to: again, Self.tracing)
            try await bob.tell("expect", ["ack": true])
            let trace = try await collector.trace(of: sent.ids[0])
            #expect(trace.root.trace == "0af7651916cd43dd8448eb211c80319c")
            #expect(trace.root.parent == "b7ad6b7169203331")
            #expect(trace["queue wait"] != nil)
        }

        @Test func whatFailedIsKeptWhateverTheRatio() async throws {
            let collector = try await TraceCollector()
            let relay = try await Relay.start(collector.jaeger(["tracing.jaeger.sample_rate": 0]))
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            try await alice.tell("send", ["to": "bob", "count": 20])
            try await bob.tell("expect", ["count": 20])
            let sent = try await alice.tell("send", ["to": "nobody"])
            let trace = try await collector.trace(of: sent.ids[0])
            #expect(trace.shape == ["message < -", "receive < message"])
            #expect(trace.root.field("moltrelay.drop_reason") == "recipient_offline")
            #expect(trace.root.field("otel.status_code") == "ERROR")
            let scrape = try await relay.scrape()
            #expect(scrape.sum("moltrelay_traces_kept_total", ["reason": "failed"]) == 1)
            #expect(scrape.sum("moltrelay_traces_kept_total", ["reason": "ratio"]) == 0)
        }

        @Test func whatExpiredInTheStoreIsKept() async throws {
            let collector = try await TraceCollector()
            let relay = try await Relay.start(collector.jaeger(["tracing.jaeger.sample_rate": 0]))
            let alice = try await PythonAgent.connected("alice", to: relay)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "ttl": 1, "settle": true])
            let trace = try await collector.trace(of: sent.ids[0])
            #expect(trace.root.field("moltrelay.fate") == "expired")
        }

        /// Its recipient reads late: the time is in `write`, in the trace and in the log alike.
        @Test func whatWasSlowIsKeptAndLogged() async throws {
            let collector = try await TraceCollector()
            let relay = try await Relay.start(
                collector.jaeger([
                    "tracing.jaeger.sample_rate": 0, "tracing.slow_ms": 1, "limits.outbox_max_bytes": 33_554_432,
                ])
            )
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay, ["receive_buffer": 4_096])
            try await bob.tell("pause")
            // More than the kernel's buffers and the agent's hold.
            let sent = try await alice.tell("send", ["to": "bob", "size": 1_000_000, "count": 8])
            try await alice.tell("ping")
            let waited = try await relay.scrape { $0.sum("moltrelay_outbox_bytes") ?? 0 > 1_000_000 }
            #expect(waited.sum("moltrelay_outbox_bytes") ?? 0 > 1_000_000)
            try await bob.tell("resume")
            try await bob.tell("expect", ["count": 8])

            let trace = try await collector.trace(of: sent.ids[7])
            #expect(trace.root.field("moltrelay.kept_for") == "slow")
            #expect(trace.shape == Self.delivered)
            let line = try await relay.logged("slow message")
            #expect(line["level"] == "warning")
            let spans = collector.spans
            let root = try #require(spans.first { $0.span == line["span_id"].string })
            #expect(root.trace == line["trace_id"].string)
            #expect(root.field("messaging.message.id") == line["message_id"].string)
            let total = try #require(line["total_ms"].string.flatMap(Double.init))
            #expect(total > 1)
            let stages = ["route_ms", "enqueue_ms", "write_ms"].compactMap { line[$0].string.flatMap(Double.init) }
            #expect(abs(stages.reduce(0, +) - total) < 0.01)
        }

        @Test func anAgentIsTracedForAWhile() async throws {
            let collector = try await TraceCollector()
            let relay = try await Relay.start(collector.jaeger(["tracing.jaeger.sample_rate": 0]))
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            let carol = try await PythonAgent.connected("carol", to: relay)
            #expect(try await relay.command("trace").text == "no agent is traced")
            #expect(try await relay.command("trace", "bob", "--for", "1h").ending == .exit(0))
            #expect(try await relay.logged("agent traced by hand")["for_s"] == "3600")
            let meanwhile = try await relay.scrape()
            #expect(meanwhile.sum("moltrelay_traces_forced_agents") == 1)

            try await alice.tell("send", ["to": "carol"])
            try await carol.tell("expect")
            let sent = try await alice.tell("send", ["to": "bob"])
            try await bob.tell("expect")
            let trace = try await collector.trace(of: sent.ids[0])
            #expect(trace.root.field("moltrelay.kept_for") == "forced")

            #expect(try await relay.command("trace", "bob", "--stop").text == "no agent is traced")
            try await alice.tell("send", ["to": "bob"])
            try await bob.tell("expect")
            let after = try await relay.scrape()
            #expect(after.sum("moltrelay_traces_forced_agents") == 0)
            #expect(after.sum("moltrelay_traces_kept_total") == 1)
            #expect(await relay.stop() == .exit(0))
            #expect(Set(collector.spans.map(\.trace)) == [trace.root.trace])
        }

        @Test func whereTracingIsOffNobodyIsTraced() async throws {
            let relay = try await Relay.start()
            let refused = try await relay.command("trace", "bob")
            #expect(refused.ending == .exit(69))
            #expect(refused.text.contains("tracing.enabled: false"))
        }
    }

    /// A collector that fails costs spans, which are counted, and nothing else.
    @Suite struct CollectorFaultTests {
        private func exchange(_ relay: Relay) async throws {
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            try await alice.tell("send", ["to": "bob", "count": 10])
            try await bob.tell("expect", ["count": 10])
        }

        @Test(arguments: [TraceCollector.Mode.silent, .busy, .closing]) func isNothingToTheRelay(
            _ mode: TraceCollector.Mode
        ) async throws {
            let collector = try await TraceCollector(mode)
            let relay = try await Relay.start(collector.jaeger())
            try await exchange(relay)
            try await collector.requests(1)
            #expect(await relay.stop() == .exit(0))
            let warnings = relay.log.filter { $0["message"].string == "trace collector takes no spans" }
            #expect(warnings.count == 1)
            #expect(warnings.allSatisfy { $0["exporter"].string == "jaeger" })
        }

        @Test func isWaitedForAsItAsks() async throws {
            let collector = try await TraceCollector(.limited)
            let relay = try await Relay.start(collector.jaeger())
            try await exchange(relay)
            let scrape = try await relay.scrape { $0.sum("moltrelay_spans_sent_total") == 60 }
            #expect(scrape.sum("moltrelay_spans_sent_total", ["exporter": "jaeger"]) == 60)
            #expect(scrape.sum("moltrelay_telemetry_lost_total", ["signal": "traces"]) == 0)
            let lines = relay.log.compactMap { $0["message"].string }.filter { $0.hasPrefix("trace collector") }
            #expect(lines == ["trace collector takes no spans", "trace collector takes spans again"])
        }

        @Test func whatWasLostIsCounted() async throws {
            let collector = try await TraceCollector(.taken)
            let settings = collector.jaeger([
                // Not a path that this collector has: it answers 404.
                "tracing.jaeger.endpoint": .string("http://127.0.0.1:\(collector.port)/elsewhere")
            ])
            let relay = try await Relay.start(settings)
            try await exchange(relay)
            let scrape = try await relay.scrape { $0.sum("moltrelay_telemetry_lost_total", ["signal": "traces"]) == 60 }
            #expect(scrape.sum("moltrelay_telemetry_lost_total", ["signal": "traces", "cause": "refused"]) == 60)
            #expect(try await relay.logged("trace collector takes no spans")["reason"] == "it answered 404")
        }
    }
}
