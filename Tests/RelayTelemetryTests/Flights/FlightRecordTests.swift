import RelayCore
import Testing
import WireProtocol

@testable import RelayTelemetry

@Suite struct FlightRecordTests {
    private static let way: MessageTimeline = {
        var timeline = MessageTimeline(received: 9_000_000_000_000_000)
        timeline.routed = timeline.received + 98_000
        timeline.stored = timeline.received + 4_000_000
        timeline.enqueued = timeline.received + 150_000
        timeline.written = timeline.received + 700_000
        timeline.acknowledged = timeline.received + 22_000_000
        return timeline
    }()

    @Test func itIsACacheLine() {
        #expect(MemoryLayout<FlightRecord>.size == 64)
        #expect(MemoryLayout<FlightRecord>.stride == 64)
    }

    @Test func everyTimeComesBack() throws {
        let settled = MessageFact.settled(
            .example,
            Self.way,
            mode: .atLeastOnce,
            fate: .delivered,
            queued: false,
            attempts: 1
        )
        let record = try #require(FlightRecord(settled, at: 0))
        #expect(record.timeline == Self.way)
        #expect(record.identity == .example)
        #expect(record.kind == .delivered)
        #expect(record.mode == .atLeastOnce)
        #expect(!record.isQueued)
    }

    @Test func aStageNotReachedStaysSo() throws {
        var timeline = MessageTimeline(received: 1_000)
        timeline.routed = 1_000
        let stored = try #require(FlightRecord(.stored(.example, timeline, mode: .exactlyOnce), at: 0))
        #expect(stored.timeline == timeline)
    }

    /// Of 30 hours a Float knows 8 ms.
    @Test func microsecondsAfterADayInTheQueueAreToldApart() throws {
        var timeline = MessageTimeline(received: 5_000)
        timeline.enqueued = timeline.received + 108_000_000_000_123
        timeline.routed = timeline.enqueued
        timeline.written = timeline.enqueued + 41_000
        let fact = MessageFact.written(.example, timeline, mode: .atLeastOnce, queued: true, attempt: 3)
        let record = try #require(FlightRecord(fact, at: 0))
        let back = record.timeline
        #expect(back.written - back.enqueued == 41_000)
        #expect(abs(Int64(back.enqueued) - Int64(timeline.enqueued)) < 8_000_000)
        #expect(record.isQueued)
        #expect(record.attempt == 3)
    }

    @Test func aClockThatWentBackMakesNoCenturies() throws {
        var timeline = MessageTimeline(received: 5_000)
        timeline.written = 4_000
        let settled = MessageFact.settled(
            .example,
            timeline,
            mode: .bestEffort,
            fate: .delivered,
            queued: false,
            attempts: 1
        )
        #expect(try #require(FlightRecord(settled, at: 0)).timeline.written == 5_000)
    }

    @Test(arguments: DropReason.allCases) func aDropKeepsItsReasonAndItsEnd(reason: DropReason) throws {
        let record = try #require(FlightRecord(.dropped(reason, received: 400), at: 1_400))
        #expect(record.dropReason == reason)
        #expect(record.timeline.received == 400)
        #expect(record.timeline.acknowledged == 1_400)
        #expect(record.time == 1_400)
    }

    @Test(arguments: NackCode.allCases) func aRefusalKeepsItsCode(code: NackCode) throws {
        let record = try #require(FlightRecord(RelayEvent.nacked(.example, code: code), at: 7))
        #expect(record.refusal == code)
        #expect(record.identity.id == .example)
        #expect(record.time == 7)
        #expect(!record.hasTimeline)
    }

    @Test func aTraceContextKeepsItsID() throws {
        let context = TraceContext(traceID: (11, 12), parentID: 3, flags: 1)
        let record = try #require(FlightRecord(RelayEvent.traced(.example, context), at: 7))
        #expect(record.trace?.high == 11)
        #expect(record.trace?.low == 12)
        #expect(record.time == 7)
    }

    @Test func acceptanceKeepsTheSize() throws {
        let record = try #require(FlightRecord(.accepted(.example, mode: .atLeastOnce, bytes: 1_048_673), at: 9))
        #expect(record.bytes == 1_048_673)
        #expect(record.time == 9)
        #expect(record.timeline == MessageTimeline(received: 9))
    }

    /// One record is all a best-effort message costs.
    @Test func bestEffortIsRecordedWhenItIsSettled() {
        let timeline = MessageTimeline(received: 1)
        let facts: [MessageFact] = [
            .accepted(.example, mode: .bestEffort, bytes: 1),
            .settled(.example, timeline, mode: .bestEffort, fate: .delivered, queued: false, attempts: 1),
        ]
        #expect(facts.map { FlightRecord($0, at: 0) != nil } == [false, true])
        #expect(facts.map(FlightRecord.isKept) == [false, true])
    }

    @Test func whatIsNotAboutAMessageIsNotRecorded() {
        #expect(FlightRecord(RelayEvent.connectionOpened, at: 0) == nil)
        #expect(!FlightRecord.isKept(RelayEvent.connectionOpened))
        #expect(FlightRecord.isKept(RelayEvent.nacked(.example, code: .expired)))
    }
}
