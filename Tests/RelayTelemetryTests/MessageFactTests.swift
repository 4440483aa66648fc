import RelayCore
import RelayTelemetry
import Testing
import WireProtocol

@Suite struct MessageFactTests {
    private static let way: MessageTimeline = {
        var timeline = MessageTimeline(received: 1_000_000)
        timeline.routed = 1_100_000
        timeline.enqueued = 1_300_000
        timeline.written = 2_000_000
        return timeline
    }()

    private static let acknowledged: MessageTimeline = {
        var timeline = way
        timeline.stored = 5_000_000
        timeline.acknowledged = 22_000_000
        return timeline
    }()

    /// Exactly once: its wait for the commit is not the connection's.
    private static let durableFirst: MessageTimeline = {
        var timeline = way
        timeline.stored = 1_250_000
        return timeline
    }()

    private static var writtenWhenDurable: [String: Double] {
        writtenOnce.merging([#"moltrelay_message_stage_seconds_sum{stage="enqueue"}"#: 0.00005]) { $1 }
    }

    private static let writtenOnce: [String: Double] = [
        "moltrelay_message_latency_sum": 0.001, "moltrelay_message_latency_count": 1,
        #"moltrelay_message_stage_seconds_sum{stage="route"}"#: 0.0001,
        #"moltrelay_message_stage_seconds_count{stage="route"}"#: 1,
        #"moltrelay_message_stage_seconds_sum{stage="enqueue"}"#: 0.0002,
        #"moltrelay_message_stage_seconds_count{stage="enqueue"}"#: 1,
        #"moltrelay_message_stage_seconds_sum{stage="write"}"#: 0.0007,
        #"moltrelay_message_stage_seconds_count{stage="write"}"#: 1,
    ]

    @Test(
        arguments: [
            (
                .accepted(.example, mode: .atLeastOnce, bytes: 352),
                [
                    "moltrelay_messages_total": 1,
                    #"moltrelay_messages_accepted_total{mode="at_least_once"}"#: 1,
                    "moltrelay_message_size_bytes_sum": 352, "moltrelay_message_size_bytes_count": 1,
                ]
            ),
            (.written(.example, way, mode: .atLeastOnce, queued: false, attempt: 1), writtenOnce),
            (
                .written(.example, way, mode: .atLeastOnce, queued: true, attempt: 1),
                ["moltrelay_queue_wait_seconds_sum": 0.001, "moltrelay_queue_wait_seconds_count": 1]
            ),
            (.written(.example, way, mode: .atLeastOnce, queued: false, attempt: 2), [:]),
            (.written(.example, way, mode: .atLeastOnce, queued: true, attempt: 2), [:]),
            (.written(.example, durableFirst, mode: .exactlyOnce, queued: false, attempt: 1), writtenWhenDurable),
            (
                .stored(.example, acknowledged, mode: .atLeastOnce),
                [
                    #"moltrelay_message_stage_seconds_sum{stage="store"}"#: 0.004,
                    #"moltrelay_message_stage_seconds_count{stage="store"}"#: 1,
                ]
            ),
            (
                .settled(.example, way, mode: .bestEffort, fate: .delivered, queued: false, attempts: 1),
                writtenOnce.merging([#"moltrelay_messages_settled_total{fate="delivered"}"#: 1]) { $1 }
            ),
            (
                .settled(.example, acknowledged, mode: .atLeastOnce, fate: .delivered, queued: false, attempts: 1),
                [
                    #"moltrelay_messages_settled_total{fate="delivered"}"#: 1,
                    "moltrelay_acknowledgement_latency_seconds_sum": 0.02,
                    "moltrelay_acknowledgement_latency_seconds_count": 1,
                ]
            ),
            (
                .settled(.example, .init(received: 0), mode: .atLeastOnce, fate: .expired, queued: true, attempts: 0),
                [#"moltrelay_messages_settled_total{fate="expired"}"#: 1]
            ),
            (
                .dropped(.outboxFull, received: 9),
                [
                    #"moltrelay_messages_settled_total{fate="dropped"}"#: 1,
                    #"moltrelay_messages_dropped_total{reason="outbox_full"}"#: 1,
                ]
            ),
        ] as [(MessageFact, [String: Double])]
    )
    func aFactMovesItsSeries(fact: MessageFact, expected: [String: Double]) throws {
        let relay = try ObservedRelay()
        for loop in 0..<2 {
            let changes = relay.changes { relay.state([fact], loop: loop) }
            let summed = changes.filter { !$0.key.contains("_bucket") }
            #expect(Set(summed.keys) == Set(expected.keys))
            // Differences of two scrapes, so not exact to the last bit.
            for (name, value) in expected { #expect(abs(summed[name, default: .nan] - value) < 1e-12, "\(name)") }
        }
    }

    @Test func messagesThatShareTheirTimesAreObservedAsOftenAsTheyWere() throws {
        let relay = try ObservedRelay(loops: 1)
        var later = Self.way
        later.written += 1_000_000
        let writes = [Self.way, Self.way, Self.way, later, Self.way].map {
            MessageFact.settled(.example, $0, mode: .bestEffort, fate: .delivered, queued: false, attempts: 1)
        }
        let changes = relay.changes { relay.state(writes) }
        #expect(changes[#"moltrelay_messages_settled_total{fate="delivered"}"#] == 5)
        #expect(changes["moltrelay_message_latency_count"] == 5)
        #expect(changes[#"moltrelay_message_latency_bucket{le="0.001"}"#] == 4)
        #expect(changes[#"moltrelay_message_latency_bucket{le="0.0025"}"#] == 5)
        #expect(changes[#"moltrelay_message_stage_seconds_count{stage="write"}"#] == 5)
    }

    @Test func messagesOfOneSizeAndModeAreCountedAsOftenAsTheyCame() throws {
        let relay = try ObservedRelay(loops: 1)
        let sizes: [(DeliveryMode, Int)] = [
            (.bestEffort, 100), (.bestEffort, 100), (.bestEffort, 200), (.atLeastOnce, 200), (.bestEffort, 100),
        ]
        let changes = relay.changes { relay.state(sizes.map { .accepted(.example, mode: $0, bytes: $1) }) }
        #expect(changes["moltrelay_messages_total"] == 5)
        #expect(changes["moltrelay_message_size_bytes_sum"] == 700)
        #expect(changes[#"moltrelay_messages_accepted_total{mode="best_effort"}"#] == 4)
        #expect(changes[#"moltrelay_messages_accepted_total{mode="at_least_once"}"#] == 1)
    }

    /// A clock that stood still or a stage out of order must not become an interval of centuries.
    @Test func anImpossibleIntervalIsNotObserved() throws {
        let relay = try ObservedRelay(loops: 1)
        var timeline = MessageTimeline(received: 5_000_000)
        timeline.written = 4_000_000
        let changes = relay.changes {
            relay.state([.written(.example, timeline, mode: .atLeastOnce, queued: false, attempt: 1)])
        }
        #expect(changes.isEmpty)
    }
}
