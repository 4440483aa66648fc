import RelayCore
import RelayTelemetry
import Telemetry
import Testing
import WireProtocol

@Suite struct MessageSpansTests {
    /// A second of the monotonic clock is a second of 1970 here, two hours later.
    private static let clock = ClockReading(
        monotonic: .seconds(100),
        unixNanoseconds: 100_000_000_000 + 7_200_000_000_000
    )

    private func spans(of fact: MessageFact, _ context: TraceContext? = nil, at now: UInt64 = 95_000) throws
        -> [SpanRecord]
    {
        let relay = try ObservedRelay(TraceSettings(ratio: 1))
        let events = context.map { [RelayEvent.traced(.example, $0)] } ?? []
        relay.state([fact], with: events, at: .milliseconds(now))
        var generator = SystemRandomNumberGenerator()
        let spans = relay.traces.take().flatMap { MessageSpans.make($0, Self.clock, using: &generator) }
        return try #require(spans.isEmpty ? nil : spans, "no spans of \(fact)")
    }

    /// `name parent start+duration`, in milliseconds.
    private func described(_ spans: [SpanRecord]) -> [String] {
        let names = Dictionary(uniqueKeysWithValues: spans.map { ($0.span, $0.name) })
        return spans.map { span in
            let parent = span.parent.map { names[$0] ?? $0.hex } ?? "-"
            let start = (span.start - 7_200_000_000_000) / 1_000_000
            return "\(span.name) < \(parent) \(start)+\((span.end - span.start) / 1_000_000)"
        }
    }

    @Test func bestEffortIsReceivedAndDelivered() throws {
        let spans = try spans(of: .ended())
        #expect(
            described(spans) == [
                "message < - 1000+5", "receive < message 1000+1", "route < receive 1000+1",
                "deliver < message 1001+4", "enqueue < deliver 1001+1", "write < deliver 1002+3",
            ]
        )
        #expect(Set(spans.map(\.trace.hex)) == ["0102030405060708090a0b0c0d0e0f10"], "the message's id")
        #expect(spans[0].kind == .consumer && spans[3].kind == .producer)
        #expect(spans.allSatisfy { $0.status == .unset })
        let fields = Dictionary(uniqueKeysWithValues: spans[0].fields.map { ($0.key, $0.value) })
        #expect(
            fields == [
                "messaging.system": .string("moltrelay"),
                "messaging.message.id": .string("01020304-0506-0708-090a-0b0c0d0e0f10"),
                "moltrelay.sender": .string("a5a5a5a5a5a5a5a5"), "moltrelay.recipient": .string("5a5a5a5a5a5a5a5a"),
                "moltrelay.delivery": .string("best_effort"), "moltrelay.queued": .bool(false),
                "moltrelay.attempts": .int(1), "moltrelay.kept_for": .string("ratio"),
                "moltrelay.fate": .string("delivered"),
            ]
        )
    }

    /// Exactly once is durable before it is sent: that wait is the store's.
    @Test func whatHadToBeDurableFirstIsDeliveredFromThenOn() throws {
        let way = MessageTimeline.way(received: 1_000, routed: 1_001, stored: 1_040, enqueued: 1_042, written: 1_045)
        let spans = try spans(of: .ended(.example, way, mode: .exactlyOnce))
        #expect(described(spans).contains("store < receive 1000+40"))
        #expect(described(spans).contains("deliver < message 1040+5"))
        #expect(described(spans).contains("enqueue < deliver 1040+2"))
    }

    @Test func anAcknowledgedMessageEndsWithItsAcknowledgement() throws {
        var way = MessageTimeline.quick
        way.acknowledged = .milliseconds(1_050)
        #expect(
            described(try spans(of: .ended(.example, way, mode: .atLeastOnce))) == [
                "message < - 1000+50", "receive < message 1000+50", "route < receive 1000+1",
                "deliver < message 1001+4", "enqueue < deliver 1001+1", "write < deliver 1002+3",
                "acknowledge < message 1005+45",
            ]
        )
    }

    @Test func theTwoPartsOfAQueuedMessageHaveOneRoot() throws {
        let first = try spans(of: .stored())
        #expect(
            described(first).map { $0.split(separator: " < ")[0] } == ["receive", "route", "store"]
        )
        var way = MessageTimeline.queued
        way.acknowledged = .milliseconds(90_010)
        let second = try spans(of: .ended(.example, way, mode: .atLeastOnce, queued: true))
        #expect(
            described(first + second) == [
                "receive < message 1000+10", "route < receive 1000+1", "store < receive 1000+10",
                "message < - 1000+89010", "queue wait < message 1000+89000",
                "deliver < message 90000+2", "enqueue < deliver 90000+1", "write < deliver 90001+1",
                "acknowledge < message 90002+8",
            ]
        )
        #expect(Set((first + second).map(\.trace)).count == 1)
    }

    @Test func aSendersSpanIsTheParentWhereItIsKept() throws {
        let sampled = try spans(of: .ended(), .sampled)
        #expect(sampled[0].trace == TraceID(high: 7, low: 8) && sampled[0].parent == SpanID(9))
        #expect(sampled.dropFirst().allSatisfy { $0.trace == sampled[0].trace && $0.parent != SpanID(9) })
        // Kept for being slow: nobody has the sender's span.
        let slow = try spans(of: .ended(.example, .slow), .unsampled)
        #expect(slow[0].trace == TraceID(high: 7, low: 8) && slow[0].parent == nil)
    }

    @Test func whatFailedSaysWhy() throws {
        let fact = MessageFact.ended(.example, .way(received: 1_000), .dropped(.outboxFull), attempts: 0)
        let dropped = try spans(of: fact, at: 1_020)
        #expect(described(dropped) == ["message < - 1000+20", "receive < message 1000+20"])
        #expect(dropped[0].status == .error("dropped: outbox_full"))
        #expect(dropped[0].fields.contains(SpanField("moltrelay.drop_reason", "outbox_full")))
        // In the store, of which nothing is known but its key.
        let expired = try spans(
            of: .ended(.example, .way(received: 0), mode: .atLeastOnce, .expired, queued: true, attempts: 0)
        )
        #expect(described(expired) == ["message < - 95000+0"])
        #expect(expired[0].status == .error("expired"))
    }

    @Test func aRetryIsAPartOfTheFirst() throws {
        let way = MessageTimeline.way(received: 2_000, routed: 2_001)
        let retry = try spans(of: .ended(.example, way, mode: .atLeastOnce, .dropped(.duplicate)), at: 2_004)
        let first = try spans(of: .ended())
        #expect(described(first + retry).suffix(3).first == "duplicate < message 2000+4")
        #expect(retry[0].status == .unset)
    }

    @Test func exemplarsLeadToFirstAttemptsOnly() throws {
        let relay = try ObservedRelay(TraceSettings(ratio: 1))
        let facts: [MessageFact] = [.ended(), .ended(.numbered(1), attempts: 2), .stored(.numbered(2))]
        relay.state(facts, at: .seconds(5))
        let exemplars = relay.traces.take().map { $0.exemplar(Self.clock) }
        #expect(exemplars.map { $0 == nil } == [false, true, true])
        #expect(exemplars[0]?.unixMilliseconds == 7_201_005)
        #expect(exemplars[0]?.traceHigh == 0x0102_0304_0506_0708)
        #expect(exemplars[0]?.span == (try spans(of: .ended())[0].span.bits))
    }
}
