import RelayCore
import RelayTelemetry
import Testing
import WireProtocol

/// Each event moves the series it should and no other. Buckets are left out of the tables: `_sum` and `_count` say
/// that an observation was made, and a histogram's own tests say where it falls.
@Suite struct EventTests {
    @Test(
        arguments: [
            (.connectionOpened, ["moltrelay_connections_opened_total": 1]),
            (
                .connectionClosed(reason: .keepaliveTimeout, opened: 1_000_000_000, at: 3_500_000_000),
                [
                    #"moltrelay_connections_closed_total{reason="keepalive_timeout"}"#: 1,
                    "moltrelay_connection_duration_seconds_sum": 2.5, "moltrelay_connection_duration_seconds_count": 1,
                ]
            ),
            (
                .connectionFailed(.tooLarge),
                [
                    "moltrelay_connection_errors_total": 1,
                    #"moltrelay_connection_failures_total{cause="too_large"}"#: 1,
                ]
            ),
            (
                .connectionRefused(.connectionsPerIP),
                [#"moltrelay_connection_refusals_total{limit="max_connections_per_ip"}"#: 1]
            ),
            (
                .rateUntracked(.connectionsPerAgentPerMinute),
                [#"moltrelay_rates_untracked_total{limit="connections_per_agent_per_minute"}"#: 1]
            ),
            (
                .tlsEstablished(.chaCha20, resumed: true, opened: 1_000, at: 2_001_000),
                [
                    #"moltrelay_tls_handshakes_total{result="resumed"}"#: 1,
                    #"moltrelay_tls_versions_total{version="1.3"}"#: 1,
                    #"moltrelay_tls_suites_total{suite="TLS_CHACHA20_POLY1305_SHA256"}"#: 1,
                    "moltrelay_tls_handshake_duration_seconds_sum": 0.002,
                    "moltrelay_tls_handshake_duration_seconds_count": 1,
                ]
            ),
            (.tlsFailed(.refusedByPeer), [#"moltrelay_tls_handshakes_total{result="refused_by_peer"}"#: 1]),
            (
                .handshakeCompleted(opened: 1_000, at: 1_501_000),
                [
                    #"moltrelay_authentications_total{result="ok"}"#: 1,
                    "moltrelay_handshake_duration_seconds_sum": 0.0015, "moltrelay_handshake_duration_seconds_count": 1,
                ]
            ),
            (
                .authenticationFailed(code: .keyPinned),
                [#"moltrelay_authentications_total{result="AUTH_KEY_PINNED"}"#: 1]
            ),
            (.framesReceived(.goAway, count: 7), [#"moltrelay_frames_received_total{type="GOAWAY"}"#: 7]),
            (.nacked(.example, code: .rateLimited), [#"moltrelay_nacks_total{code="RATE_LIMITED"}"#: 1]),
            (.duplicateJoined, ["moltrelay_duplicates_joined_total": 1]),
            (.redelivered, ["moltrelay_redeliveries_total": 1]),
            (.unknownAcknowledgement, ["moltrelay_unknown_acknowledgements_total": 1]),
            (.slowConsumerClosed, ["moltrelay_slow_consumers_total": 1]),
            (.acceptPaused, ["moltrelay_accept_pauses_total": 1]),
            (.senderPaused, ["moltrelay_sender_pauses_total": 1]),
            (
                .storeCommitted(operations: 40, started: 1_000, at: 2_001_000),
                [
                    "moltrelay_store_operations_total": 40,
                    "moltrelay_store_batch_operations_sum": 40, "moltrelay_store_batch_operations_count": 1,
                    "moltrelay_store_commit_duration_seconds_sum": 0.002,
                    "moltrelay_store_commit_duration_seconds_count": 1,
                ]
            ),
            (.writesElided(count: 3), ["moltrelay_store_elided_total": 3]),
            (.storeFailed(.diskFull), [#"moltrelay_store_failures_total{reason="full"}"#: 1]),
            (.storeFailed(.memoryFull(reason: "OOM")), [#"moltrelay_store_failures_total{reason="full"}"#: 1]),
            (
                .storeFailed(.unavailable(reason: "away")),
                [#"moltrelay_store_failures_total{reason="unavailable"}"#: 1]
            ),
            (
                .eventLoopLagged(nanoseconds: 30_000_000),
                ["moltrelay_event_loop_lag_seconds_sum": 0.03, "moltrelay_event_loop_lag_seconds_count": 1]
            ),
        ] as [(RelayEvent, [String: Double])]
    )
    func anEventMovesItsSeries(event: RelayEvent, expected: [String: Double]) throws {
        let relay = try ObservedRelay()
        for loop in 0..<2 {
            let changes = relay.changes { relay.note([event], loop: loop) }
            #expect(changes.filter { !$0.key.contains("_bucket") } == expected)
        }
    }

    @Test func everyCodeHasASeriesOfItsOwn() throws {
        let relay = try ObservedRelay(loops: 1)
        var events: [RelayEvent] = []
        events += CloseReason.allCases.map { .connectionClosed(reason: $0, opened: 1, at: 2) }
        events += ConnectionFailure.allCases.map { .connectionFailed($0) }
        events += AuthFailCode.allCases.map { .authenticationFailed(code: $0) }
        events += FrameType.allCases.map { .framesReceived($0, count: 1) }
        events += ProxyHeaderResult.allCases.map { .proxyHeader($0) }
        events += NackCode.allCases.map { .nacked(.example, code: $0) }
        let samples = relay.changes { relay.note(events) }
        for (name, count) in [
            ("moltrelay_connections_closed_total{", CloseReason.allCases.count),
            ("moltrelay_connection_failures_total{", ConnectionFailure.allCases.count),
            ("moltrelay_authentications_total{", AuthFailCode.allCases.count),
            ("moltrelay_frames_received_total{", FrameType.allCases.count),
            ("moltrelay_proxy_headers_total{", ProxyHeaderResult.allCases.count),
            ("moltrelay_nacks_total{", NackCode.allCases.count),
        ] {
            let moved = samples.filter { $0.key.hasPrefix(name) }
            #expect(moved.count == count && moved.values.allSatisfy { $0 == 1 }, "\(name)")
        }
    }

    @Test func anEventThatNamesACodeMovesThatCode() throws {
        let relay = try ObservedRelay(loops: 1)
        for code in NackCode.allCases {
            let changes = relay.changes { relay.note([.nacked(.example, code: code)]) }
            #expect(changes == ["moltrelay_nacks_total{code=\"\(code.rawValue)\"}": 1])
        }
        for reason in DropReason.allCases {
            let fact = MessageFact.dropped(reason)
            let changes = relay.changes { relay.state([fact]) }
            #expect(changes["moltrelay_messages_dropped_total{reason=\"\(reason.rawValue)\"}"] == 1)
        }
        for (type, label) in [(FrameType.hello, "HELLO"), (.message, "MESSAGE"), (.windowUpdate, "WINDOW_UPDATE")] {
            let changes = relay.changes { relay.note([.framesReceived(type, count: 2)]) }
            #expect(changes == ["moltrelay_frames_received_total{type=\"\(label)\"}": 2])
        }
    }
}
