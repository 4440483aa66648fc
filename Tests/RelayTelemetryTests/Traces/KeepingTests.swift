import RelayCore
import RelayTelemetry
import Telemetry
import Testing
import WireProtocol

/// Which messages' traces are kept, and which are not for want of a rate or of room.
@Suite struct KeepingTests {
    private static let all = TraceSettings(ratio: 1)
    private static let none = TraceSettings(ratio: 0)

    private func reasons(_ relay: ObservedRelay) -> [TraceReason] { relay.traces.take().map(\.reason) }

    private func prefix(_ number: UInt8) -> UInt64 { AgentHash.numbered(number).uniformBits }

    @Test func theRatioKeepsItsShare() throws {
        let relay = try ObservedRelay(TraceSettings(ratio: 0.25, perSecond: 100_000))
        // Ids that differ in their last bits only, and ids as senders make them.
        for ids in [(0..<2_000).map { MessageIdentity.counted($0) }, (0..<2_000).map { _ in .random }] {
            for id in ids { relay.state([.ended(id)]) }
            #expect((400..<600).contains(relay.traces.take().count))
        }
    }

    @Test func everyLoopAndEveryStartJudgeAlike() throws {
        let settings = TraceSettings(ratio: 0.5, perSecond: 100_000)
        let (first, second) = (try ObservedRelay(settings), try ObservedRelay(settings))
        for number in 0..<100 {
            first.state([.ended(.counted(number))], loop: 0)
            second.state([.ended(.counted(number))], loop: 1)
        }
        #expect(first.traces.take().map(\.identity) == second.traces.take().map(\.identity))
    }

    @Test(
        arguments: [
            (MessageFact.ended(.example, .quick), nil),
            (.ended(.example, .slow), TraceReason.slow),
            (.ended(.example, .queued, mode: .atLeastOnce, queued: true), nil),
            (.ended(.example, .quick, mode: .atLeastOnce, attempts: 2), .failed),
            (.ended(.example, .way(received: 1_000), .dropped(.recipientOffline)), .failed),
            (.ended(.example, .way(received: 1_000), mode: .atLeastOnce, .dropped(.queueFull)), .failed),
            (.ended(.example, .way(received: 1_000), mode: .atLeastOnce, .dropped(.duplicate)), nil),
            (.ended(.example, .way(received: 0), mode: .atLeastOnce, .expired, queued: true), .failed),
            (.ended(.example, .way(received: 1, routed: 9_000, written: 9_200), queued: true), .slow),
        ] as [(MessageFact, TraceReason?)]
    )
    func whatWentWrongIsKeptWhateverTheRatio(_ fact: MessageFact, _ reason: TraceReason?) throws {
        let relay = try ObservedRelay(Self.none)
        relay.state([fact])
        #expect(reasons(relay) == (reason.map { [$0] } ?? []))
    }

    @Test func aSendersWordGoesBeforeTheRatio() throws {
        let relay = try ObservedRelay(Self.none)
        relay.state([.ended()], with: [.traced(.example, .sampled)])
        #expect(reasons(relay) == [.parent])
        let eager = try ObservedRelay(Self.all)
        eager.state([.ended()], with: [.traced(.example, .unsampled)])
        #expect(reasons(eager) == [])
    }

    /// Its sender's trace has the message's name in it, whoever wants it kept.
    @Test func whatWentWrongStaysInItsSendersTrace() throws {
        let relay = try ObservedRelay(Self.none)
        relay.state([], with: [.traced(.example, .unsampled)])
        relay.state([.ended(.example, .slow)])
        let kept = relay.traces.take()
        #expect(kept.map(\.trace) == [TraceID(high: 7, low: 8)])
        relay.state([.ended(.example, .slow)])
        #expect(relay.traces.take().map(\.context) == [nil], "its end was the end of its context")
    }

    @Test func forcedAgentsAreTracedBothWays() throws {
        let relay = try ObservedRelay(Self.none)
        let isForced = relay.traces.forced.force(prefix(1), until: .seconds(60), at: .seconds(1))
        #expect(isForced)
        let messages: [MessageFact] = [
            .ended(.numbered(1, from: 1, to: 2)), .ended(.numbered(2, from: 2, to: 1)),
            .ended(.numbered(3, from: 2, to: 3)),
        ]
        relay.state(messages, at: .seconds(59))
        #expect(relay.traces.take().map(\.identity) == [.numbered(1, from: 1, to: 2), .numbered(2, from: 2, to: 1)])
        relay.state(messages, at: .seconds(60))
        #expect(relay.traces.take().isEmpty)
    }

    @Test func noMoreAgentsAreForcedThanFit() {
        let forced = MessageTraces().forced
        for number in 0..<ForcedAgents.maxAgents {
            #expect(forced.force(prefix(UInt8(number)), until: 10, at: 0))
        }
        #expect(!forced.force(prefix(200), until: 10, at: 0))
        #expect(forced.force(prefix(3), until: 20, at: 0), "one that is traced already")
        #expect(forced.active(at: 10).map(\.agent) == [prefix(3)])
        #expect(forced.release(prefix(3), at: 10))
        #expect(!forced.release(prefix(3), at: 10))
    }

    @Test func aRateIsOneReasonsAlone() throws {
        let relay = try ObservedRelay(TraceSettings(ratio: 1, perSecond: 3, tailPerSecond: 2))
        relay.state((0..<10).map { .ended(.numbered($0)) }, at: .seconds(1))
        relay.state(
            (10..<20).map { .ended(.numbered($0)) },
            with: (10..<20).map { .traced(MessageIdentity.numbered($0).id, .sampled) },
            at: .seconds(1)
        )
        // Sampled too, and when that rate is spent, slow.
        relay.state((20..<30).map { .ended(.numbered($0), .slow) }, at: .seconds(1))
        #expect(reasons(relay) == [.ratio, .ratio, .ratio, .parent, .parent, .parent, .slow, .slow])
        relay.state((30..<40).map { .ended(.numbered($0)) }, at: .seconds(2))
        #expect(reasons(relay) == [.ratio, .ratio, .ratio])
    }

    @Test func whatIsNotKeptIsCounted() throws {
        let relay = try ObservedRelay(TraceSettings(ratio: 1, perSecond: 100_000))
        let changes = relay.changes {
            for _ in 0..<100 { relay.state((0..<100).map { .ended(.numbered($0)) }, at: .seconds(1)) }
            relay.state((0..<20).map { .ended(.numbered($0)) }, with: [], at: .seconds(1))
        }
        let kept = try #require(changes[#"moltrelay_traces_kept_total{reason="ratio"}"#])
        let missed = try #require(changes[#"moltrelay_traces_missed_total{reason="ratio",cause="buffer_full"}"#])
        #expect(kept + missed == 10_020)
        #expect(Int(kept) == relay.traces.take().count)
        #expect(kept * Double(MemoryLayout<MessageTrace>.stride) <= Double(1 << 20))

        let strict = try ObservedRelay(TraceSettings(ratio: 1, perSecond: 1, tailPerSecond: 0))
        let refused = strict.changes {
            strict.state([.ended(.numbered(1)), .ended(.numbered(2)), .ended(.numbered(3), .slow)], at: .seconds(1))
        }
        #expect(refused[#"moltrelay_traces_kept_total{reason="ratio"}"#] == 1)
        #expect(refused[#"moltrelay_traces_missed_total{reason="ratio",cause="rate"}"#] == 2)
    }

    @Test func contextsAreNotRememberedWithoutEnd() throws {
        let relay = try ObservedRelay(Self.none)
        let ids = (0..<40_000).map { MessageIdentity.counted($0).id }
        let changes = relay.changes { relay.state([], with: ids.map { .traced($0, .sampled) }) }
        #expect(changes["moltrelay_traces_forgotten_total"] == 24_576)
        let last = MessageIdentity.counted(39_999)
        relay.state([.ended(last)])
        #expect(reasons(relay) == [.parent])
        relay.state([.ended(.counted(0))])
        #expect(reasons(relay) == [])
    }

    @Test func theEnginesOwnFiguresAreScraped() throws {
        let relay = try ObservedRelay(Self.none)
        let changes = relay.changes {
            relay.sendSpans(5)
            _ = relay.traces.forced.force(prefix(1), until: .seconds(60), at: 0)
        }
        let expected: [String: Double] = [
            #"moltrelay_spans_sent_total{exporter="otlp"}"#: 5, "moltrelay_traces_forced_agents": 1,
        ]
        #expect(changes == expected)
    }
}

/// A message that the store holds is told in two parts.
@Suite struct TwoPartTests {
    @Test func whatWasBegunIsEnded() throws {
        let relay = try ObservedRelay(TraceSettings(ratio: 1, perSecond: 1))
        relay.state([.stored()], at: .milliseconds(1_010))
        relay.state([.stored(.numbered(9))], at: .milliseconds(1_010))
        let first = relay.traces.take()
        #expect(first.map(\.identity) == [.example], "the other was over the rate")
        #expect(first.map(\.fate) == [nil])
        // The rate is spent: what was begun is ended all the same.
        let end = MessageFact.ended(.example, .quick, mode: .atLeastOnce)
        relay.state([end, .ended(.numbered(9), mode: .atLeastOnce)], at: .milliseconds(1_011))
        let second = relay.traces.take()
        #expect(second.map(\.identity) == [.example])
        #expect(second.map(\.isContinued) == [true])
        relay.state([end], at: .seconds(10))
        #expect(relay.traces.take().map(\.isContinued) == [false])
    }

    @Test func aRetryDoesNotEndTheFirst() throws {
        let relay = try ObservedRelay(TraceSettings(ratio: 0))
        relay.state([.stored()], with: [.traced(.example, .sampled)])
        relay.state([.ended(.example, .quick, mode: .atLeastOnce, .dropped(.duplicate))])
        relay.state([.ended(.example, .queued, mode: .atLeastOnce, queued: true)])
        let kept = relay.traces.take()
        #expect(kept.map(\.isDuplicate) == [false, true, false])
        #expect(kept.map(\.isContinued) == [false, false, true])
        #expect(Set(kept.map(\.trace)).count == 1)
    }

    /// Nothing is left of the first part but what the store holds.
    @Test func anotherProcessGoesOnWithTheSameTrace() throws {
        let (before, after) = (try ObservedRelay(TraceSettings(ratio: 1)), try ObservedRelay(TraceSettings(ratio: 1)))
        before.state([.stored()])
        after.state([.ended(.example, .queued, mode: .atLeastOnce, queued: true)])
        let parts = before.traces.take() + after.traces.take()
        #expect(parts.count == 2)
        #expect(Set(parts.map(\.trace)).count == 1 && Set(parts.map(\.rootSpan)).count == 1)
    }
}

extension MessageIdentity {
    fileprivate static func counted(_ number: Int) -> MessageIdentity {
        var identity = MessageIdentity.example
        let bytes = withUnsafeBytes(of: UInt64(number).bigEndian) { Array($0) }
        identity.id = MessageID(bytes: repeatElement(UInt8(0), count: 8) + bytes)!
        return identity
    }

    fileprivate static var random: MessageIdentity {
        var identity = MessageIdentity.example
        identity.id = .random()
        return identity
    }
}
