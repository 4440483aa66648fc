import RelayCore
import RelayTelemetry
import Telemetry
import Testing
import WireProtocol

@Suite struct ExemplarTests {
    private static let exemplar = Exemplar(traceHigh: 1, traceLow: 2, span: 3, unixMilliseconds: 1_785_000_000_000)

    /// 700 us in all: 100 to its route, 100 to its outbox, 500 to the socket.
    private static let way: MessageTimeline = {
        var timeline = MessageTimeline(received: 1_000_000)
        timeline.routed = 1_100_000
        timeline.enqueued = 1_200_000
        timeline.written = 1_700_000
        return timeline
    }()

    @Test func aKeptTraceIsAtEachStageOfItsMessage() throws {
        let relay = try ObservedRelay()
        relay.state([.written(.example, Self.way, mode: .atLeastOnce, queued: false, attempt: 1)], loop: 1)
        #expect(exemplars(relay).isEmpty, "nobody kept a trace")
        relay.instruments.keep(Self.exemplar, of: Self.way, queued: false)
        let trace = #"# {trace_id="00000000000000010000000000000002",span_id="0000000000000003"}"#
        #expect(
            exemplars(relay) == [
                #"moltrelay_message_latency_bucket{le="0.001"} 1 \#(trace) 0.0007 1785000000"#,
                #"moltrelay_message_stage_seconds_bucket{stage="route",le="0.0001"} 1 \#(trace) 0.0001 1785000000"#,
                #"moltrelay_message_stage_seconds_bucket{stage="enqueue",le="0.0001"} 1 \#(trace) 0.0001 1785000000"#,
                #"moltrelay_message_stage_seconds_bucket{stage="write",le="0.0005"} 1 \#(trace) 0.0005 1785000000"#,
            ]
        )
    }

    @Test func aQueuedMessageLeadsFromItsWait() throws {
        let relay = try ObservedRelay()
        relay.state([.written(.example, Self.way, mode: .atLeastOnce, queued: true, attempt: 1)])
        relay.instruments.keep(Self.exemplar, of: Self.way, queued: true)
        #expect(exemplars(relay).count == 1)
        #expect(exemplars(relay).allSatisfy { $0.hasPrefix("moltrelay_queue_wait_seconds_bucket{") })
    }

    private func exemplars(_ relay: ObservedRelay) -> [String] {
        String(decoding: relay.scrape(.openMetrics), as: UTF8.self).split(separator: "\n")
            .filter { !$0.hasPrefix("#") && $0.contains(" # {") }.map(String.init)
    }
}
