import RelayCore
import Testing
import WireProtocol

@testable import RelayTelemetry

/// What a search puts together from the facts of two loops.
@Suite struct FlightRecorderTests {
    private static let alice = AgentHash(bytes: repeatElement(0xA1, count: 32))!
    private static let bob = AgentHash(bytes: repeatElement(0xB0, count: 32))!
    private static let carol = AgentHash(bytes: repeatElement(0xCA, count: 32))!
    private static let message = MessageIdentity(id: .example, sender: alice, recipient: bob)

    private let recorder = FlightRecorder(loops: 2, bytes: 1 << 20, clock: { 50 })!

    private func state(_ facts: [MessageFact], _ events: [RelayEvent] = [], loop: Int = 0, at now: UInt64) {
        facts.withUnsafeBufferPointer { facts in
            events.withUnsafeBufferPointer { recorder.rings[loop].record(facts, $0, at: now) }
        }
    }

    private func timeline(
        _ received: UInt64,
        routed: UInt64 = 0,
        stored: UInt64 = 0,
        enqueued: UInt64 = 0,
        written: UInt64 = 0,
        acknowledged: UInt64 = 0
    ) -> MessageTimeline {
        var timeline = MessageTimeline(received: received)
        (timeline.routed, timeline.stored, timeline.enqueued) = (routed, stored, enqueued)
        (timeline.written, timeline.acknowledged) = (written, acknowledged)
        return timeline
    }

    private func way(_ flight: Flight) -> [String] { flight.steps.map { "\($0.stage.rawValue) \($0.time)" } }

    private func onlyFlight(location: SourceLocation = #_sourceLocation) throws -> Flight {
        let flights = recorder.flights(of: .example)
        try #require(flights.count == 1, "\(flights)", sourceLocation: location)
        return flights[0]
    }

    @Test func whatNeverCameIsNotFound() {
        state([.dropped(.outboxFull, received: 1)], at: 2)
        #expect(recorder.flights(of: MessageID(bytes: 2...17)!).isEmpty)
    }

    @Test func bestEffortIsOneWay() throws {
        let whole = timeline(100, routed: 110, enqueued: 120, written: 200)
        state([.settled(Self.message, whole, mode: .bestEffort, fate: .delivered, queued: false, attempts: 1)], at: 200)
        let flight = try onlyFlight()
        #expect(way(flight) == ["received 100", "routed 110", "enqueued 120", "written 200"])
        #expect(flight.outcome == .delivered)
        #expect(flight.attempts == 1)
        #expect(flight.sender == Self.alice.uniformBits)
        #expect(flight.recipient == Self.bob.uniformBits)
    }

    @Test func theTwoLoopsOfAMessageTellOneWay() throws {
        state([.accepted(Self.message, mode: .atLeastOnce, bytes: 352)], at: 110)
        let sent = timeline(100, routed: 110, enqueued: 150, written: 180)
        state([.written(Self.message, sent, mode: .atLeastOnce, queued: false, attempt: 1)], loop: 1, at: 180)
        let stored = timeline(100, routed: 110, stored: 160)
        state([.stored(Self.message, stored, mode: .atLeastOnce)], at: 160)
        #expect(try onlyFlight().outcome == .underWay(.acknowledgement))
        let whole = timeline(100, routed: 110, stored: 160, written: 180, acknowledged: 900)
        state(
            [.settled(Self.message, whole, mode: .atLeastOnce, fate: .delivered, queued: false, attempts: 1)],
            at: 900
        )
        let flight = try onlyFlight()
        #expect(
            way(flight) == [
                "received 100", "routed 110", "enqueued 150", "stored 160", "written 180", "acknowledged 900",
            ]
        )
        #expect(flight.outcome == .delivered)
        #expect(flight.bytes == 352)
        #expect((flight.attempts, flight.copies) == (1, 1))
    }

    @Test func aMessageUnderWaySaysWhatItWaitsFor() throws {
        state([.accepted(Self.message, mode: .atLeastOnce, bytes: 352)], at: 110)
        #expect(try onlyFlight().outcome == .underWay(.commit))
        #expect(try way(onlyFlight()) == ["received 110"])
        state([.stored(Self.message, timeline(100, routed: 105, stored: 300), mode: .atLeastOnce)], at: 300)
        #expect(try onlyFlight().outcome == .underWay(.recipient))
        #expect(try way(onlyFlight()) == ["received 100", "routed 105", "stored 300"])
    }

    /// Its `received` comes from the wall clock in its row, a little off each time.
    @Test func aQueuedMessageIsReceivedOnce() throws {
        state([.accepted(Self.message, mode: .atLeastOnce, bytes: 352)], at: 110)
        state([.stored(Self.message, timeline(100, routed: 110, stored: 200), mode: .atLeastOnce)], at: 200)
        for attempt in 1...2 {
            let start = 1_000 * UInt64(attempt)
            let sent = timeline(97 + UInt64(attempt), routed: start, enqueued: start, written: start + 50)
            state(
                [.written(Self.message, sent, mode: .atLeastOnce, queued: true, attempt: attempt)],
                loop: 1,
                at: start
            )
        }
        let end = timeline(99, written: 2_050, acknowledged: 2_500)
        state([.settled(Self.message, end, mode: .atLeastOnce, fate: .delivered, queued: true, attempts: 2)], at: 2_500)
        let flight = try onlyFlight()
        #expect(
            way(flight) == [
                "received 100", "routed 110", "stored 200", "loaded 1000", "enqueued 1000", "written 1050",
                "loaded 2000", "enqueued 2000", "written 2050", "acknowledged 2500",
            ]
        )
        #expect(flight.isQueued)
        #expect(flight.attempts == 2)
        #expect(flight.steps.map(\.attempt) == [nil, nil, nil, nil, 1, 1, nil, 2, 2, nil])
    }

    /// Of an earlier process this one knows what its row says.
    @Test func aMessageOfAnEarlierProcessHasHalfAWay() throws {
        let sent = timeline(10, routed: 2_000, enqueued: 2_000, written: 2_050)
        state([.written(Self.message, sent, mode: .atLeastOnce, queued: true, attempt: 1)], at: 2_050)
        let flight = try onlyFlight()
        #expect(way(flight) == ["received 10", "loaded 2000", "enqueued 2000", "written 2050"])
        #expect(flight.bytes == nil)
        #expect(flight.outcome == .underWay(.acknowledgement))
    }

    @Test func whatExpiresInTheQueueHasAnEnd() throws {
        state([.stored(Self.message, timeline(100, stored: 200), mode: .atLeastOnce)], at: 200)
        state(
            [.settled(Self.message, timeline(0), mode: .atLeastOnce, fate: .expired, queued: true, attempts: 0)],
            at: 5_000
        )
        let flight = try onlyFlight()
        #expect(way(flight) == ["received 100", "stored 200", "expired 5000"])
        #expect(flight.outcome == .expired)
    }

    @Test func aDropNamesItsReasonAndWhatTheSenderWasTold() throws {
        let drop = MessageFact.settled(
            Self.message,
            timeline(100),
            mode: .atLeastOnce,
            fate: .dropped(.recipientOffline),
            queued: false,
            attempts: 0
        )
        state([.accepted(Self.message, mode: .atLeastOnce, bytes: 1), drop], at: 120)
        state([], [.nacked(.example, code: .recipientOffline)], loop: 1, at: 130)
        let flight = try onlyFlight()
        #expect(way(flight) == ["received 100", "dropped 120", "refused 130"])
        #expect(flight.outcome == .dropped(.recipientOffline))
        #expect(flight.refusal == .recipientOffline)
    }

    @Test func whatWasRefusedAtTheDoorNamesNobody() throws {
        state([], [.nacked(.example, code: .rateLimited)], at: 130)
        let flight = try onlyFlight()
        #expect(flight.outcome == .refused(.rateLimited))
        #expect(way(flight) == ["refused 130"])
        #expect(flight.sender == nil)
    }

    @Test func aRefusedMessageThatWasSentAgainIsDelivered() throws {
        state([], [.nacked(.example, code: .rateLimited)], at: 50)
        let whole = timeline(100, routed: 110, enqueued: 120, written: 200)
        state([.settled(Self.message, whole, mode: .bestEffort, fate: .delivered, queued: false, attempts: 1)], at: 200)
        #expect(try onlyFlight().outcome == .delivered)
        #expect(try way(onlyFlight()).first == "refused 50")
    }

    /// Ids are unique for one sender only.
    @Test func twoSendersOfOneIDAreTwoMessages() {
        let other = MessageIdentity(id: .example, sender: Self.carol, recipient: Self.bob)
        let context = TraceContext(traceID: (1, 2), parentID: 3, flags: 1)
        let first = MessageFact.settled(
            Self.message,
            timeline(100, written: 200),
            mode: .bestEffort,
            fate: .delivered,
            queued: false,
            attempts: 1
        )
        let second = MessageFact.settled(
            other,
            timeline(700),
            mode: .bestEffort,
            fate: .expired,
            queued: false,
            attempts: 0
        )
        state([first], at: 200)
        state([second], [.traced(.example, context)], loop: 1, at: 800)
        let flights = recorder.flights(of: .example)
        #expect(flights.map(\.sender) == [Self.alice.uniformBits, Self.carol.uniformBits])
        #expect(flights.map(\.outcome) == [.delivered, .expired])
        #expect(flights.map(\.trace) == [nil, Flight.SenderTrace(high: 1, low: 2)])
    }

    @Test func aRetryOfWhatIsDeliveredChangesNothing() throws {
        state([.accepted(Self.message, mode: .exactlyOnce, bytes: 352)], at: 110)
        let whole = timeline(100, routed: 110, stored: 160, written: 180, acknowledged: 900)
        state(
            [.settled(Self.message, whole, mode: .exactlyOnce, fate: .delivered, queued: false, attempts: 1)],
            at: 900
        )
        state([.accepted(Self.message, mode: .exactlyOnce, bytes: 352)], at: 1_010)
        #expect(try onlyFlight().outcome == .delivered)
        let again = timeline(1_000, routed: 1_010)
        state(
            [.settled(Self.message, again, mode: .exactlyOnce, fate: .dropped(.duplicate), queued: false, attempts: 0)],
            at: 1_100
        )
        let flight = try onlyFlight()
        #expect(flight.outcome == .delivered)
        #expect(flight.copies == 2)
        #expect(way(flight).suffix(3) == ["received 1000", "routed 1010", "dropped 1100"])
    }

    @Test func aRetryUnderWayIsNotSettledByTheFirstCopysDrop() throws {
        state([.accepted(Self.message, mode: .atLeastOnce, bytes: 352)], at: 110)
        let first = timeline(100, routed: 110)
        state(
            [.settled(Self.message, first, mode: .atLeastOnce, fate: .dropped(.queueFull), queued: false, attempts: 0)],
            at: 200
        )
        #expect(try onlyFlight().outcome == .dropped(.queueFull))
        state([.accepted(Self.message, mode: .atLeastOnce, bytes: 352)], at: 900)
        #expect(try onlyFlight().outcome == .underWay(.commit))
        #expect(try way(onlyFlight()).last == "received 900")
    }

    @Test func oneIDSentWithoutEndFillsNoMemory() throws {
        let drop = MessageFact.dropped(.recipientOffline, received: 1)
        for time in 1...3 { state(Array(repeating: drop, count: 1_000), at: UInt64(time)) }
        let flight = try onlyFlight()
        #expect(flight.copies == FlightRecorder.maxMatches)
        #expect(flight.steps.last?.time == 3)
    }
}

@Suite struct FlightReachTests {
    private func state(_ count: Int, in ring: FlightRing, at now: UInt64) {
        let facts = Array(repeating: MessageFact.dropped(.recipientOffline, received: now), count: count)
        facts.withUnsafeBufferPointer { ring.record($0, UnsafeBufferPointer(start: nil, count: 0), at: now) }
    }

    @Test func noMemoryIsNoRecorder() {
        #expect(FlightRecorder(loops: 2, bytes: 0, clock: { 0 }) == nil)
    }

    /// What one loop has forgotten may be what is asked for.
    @Test func itReachesAsFarAsTheLoopThatForgetsFirst() throws {
        let clock: @Sendable () -> MonotonicNanoseconds = { 1_000 }
        let recorder = try #require(FlightRecorder(loops: 2, bytes: 2 * 4 * 64, clock: clock))
        #expect(recorder.reach == FlightRecorder.Reach(records: 0, since: 1_000, now: 1_000))
        state(4, in: recorder.rings[0], at: 2_000)
        #expect(recorder.reach == FlightRecorder.Reach(records: 4, since: 1_000, now: 1_000))
        state(2, in: recorder.rings[0], at: 3_000)
        state(3, in: recorder.rings[1], at: 1_500)
        #expect(recorder.reach == FlightRecorder.Reach(records: 7, since: 2_000, now: 1_000))
        state(3, in: recorder.rings[1], at: 1_800)
        #expect(recorder.reach == FlightRecorder.Reach(records: 8, since: 2_000, now: 1_000))
    }
}
