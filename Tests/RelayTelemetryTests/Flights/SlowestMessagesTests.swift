import RelayCore
import Synchronization
import Testing
import WireProtocol

@testable import RelayTelemetry

@Suite struct SlowestMessagesTests {
    private static let minute: UInt64 = .seconds(60)
    private let time: ManualTime
    private let recorder: FlightRecorder

    private final class ManualTime: Sendable {
        let now = Atomic<UInt64>(0)
    }

    init() throws {
        let time = ManualTime()
        let clock: @Sendable () -> MonotonicNanoseconds = { time.now.load(ordering: .relaxed) }
        self.time = time
        recorder = try #require(FlightRecorder(loops: 2, bytes: 1 << 20, clock: clock))
    }

    private func identity(_ number: UInt64) -> MessageIdentity {
        let bytes = (0..<16).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        return MessageIdentity(id: MessageID(bytes: bytes)!, sender: 1, recipient: 2)
    }

    private func state(_ fact: MessageFact, loop: Int = 0, at now: UInt64) {
        time.now.store(now, ordering: .relaxed)
        [fact].withUnsafeBufferPointer {
            recorder.rings[loop].record($0, UnsafeBufferPointer(start: nil, count: 0), at: now)
        }
    }

    private func way(took latency: UInt64, until now: UInt64) -> MessageTimeline {
        var timeline = MessageTimeline(received: now - latency)
        timeline.routed = timeline.received + latency / 10
        timeline.enqueued = timeline.received + latency * 3 / 10
        timeline.written = now
        return timeline
    }

    private func deliver(_ number: UInt64, took latency: UInt64, loop: Int = 0, at now: UInt64) {
        let timeline = way(took: latency, until: now)
        state(
            .settled(
                identity(number),
                timeline,
                mode: .bestEffort,
                fate: .delivered,
                queued: false,
                attempts: 1
            ),
            loop: loop,
            at: now
        )
    }

    private func write(
        _ number: UInt64,
        took latency: UInt64,
        queued: Bool = false,
        attempt: Int = 1,
        at now: UInt64
    ) {
        let timeline = way(took: latency, until: now)
        state(
            .written(identity(number), timeline, mode: .atLeastOnce, queued: queued, attempt: attempt),
            at: now
        )
    }

    private func latencies(span: UInt64 = 15 * minute, limit: Int = 500, queued: Bool = false) -> [UInt64] {
        recorder.slowest(span: span, limit: limit, queued: queued).messages.map(\.nanoseconds)
    }

    @Test func theSlowestOfBothLoopsComeFirst() {
        for (number, latency) in [30, 10, 50].enumerated() { deliver(UInt64(number), took: UInt64(latency), at: 1_000) }
        for (number, latency) in [40, 20].enumerated() {
            deliver(UInt64(10 + number), took: UInt64(latency), loop: 1, at: 1_000)
        }
        #expect(latencies() == [50, 40, 30, 20, 10])
        #expect(latencies(limit: 2) == [50, 40])
    }

    @Test(arguments: [false, true]) func ofAMinuteOnlySoManyAreKept(rising: Bool) {
        let all = 1...UInt64(1_000)
        for number in rising ? Array(all) : all.reversed() { deliver(number, took: number, at: 2_000) }
        let kept = UInt64(SlowestMessages.perMinute)
        #expect(latencies() == (1_000 - kept + 1...1_000).reversed())
    }

    /// A minute's slowest are kept beside those of a later, slower one; and go with their minute.
    @Test func eachMinuteHasItsOwn() {
        deliver(1, took: 100, at: Self.minute)
        for number in 2...200 { deliver(UInt64(number), took: 1_000_000, at: 3 * Self.minute) }
        #expect(latencies().last == 100)
        #expect(latencies(span: Self.minute).last == 1_000_000)
        deliver(300, took: 50, at: 15 * Self.minute)
        #expect(latencies().contains(1_000_000))
        deliver(301, took: 50, at: 18 * Self.minute)
        #expect(latencies() == [50, 50])
    }

    /// The loop was idle for longer than all is kept: what is in its places is old.
    @Test func whatIsTooOldIsNotListed() {
        deliver(1, took: 100, at: Self.minute)
        time.now.store(100 * Self.minute, ordering: .relaxed)
        #expect(latencies().isEmpty)
    }

    @Test func waitsInTheQueueAreApart() {
        write(1, took: 1_000, at: 2_000)
        write(2, took: 500_000, queued: true, at: 600_000)
        #expect(latencies() == [1_000])
        #expect(latencies(queued: true) == [500_000])
    }

    /// Its way is mostly the wait for an ACK that did not come.
    @Test func aSecondAttemptIsNotSlow() {
        write(1, took: 1_000, at: 2_000)
        write(1, took: 900_000, attempt: 2, at: 1_000_000)
        #expect(latencies() == [1_000])
    }

    @Test func theStageThatTookMostIsNamed() throws {
        write(1, took: 1_000, queued: true, at: 2_000)
        let slow = try #require(recorder.slowest(span: Self.minute, limit: 1, queued: true).messages.first)
        #expect(slow.slowestStage == .write)
        #expect(slow.slowestNanoseconds == 700)
        #expect(slow.written == 2_000)
        #expect(slow.identity == identity(1))
        var waited = MessageTimeline(received: 1_000)
        (waited.routed, waited.enqueued, waited.written) = (90_000, 90_000, 91_000)
        state(.written(identity(2), waited, mode: .atLeastOnce, queued: true, attempt: 1), at: 91_000)
        let queued = try #require(recorder.slowest(span: Self.minute, limit: 1, queued: true).messages.first)
        #expect(queued.slowestStage == .queue)
        #expect(queued.slowestNanoseconds == 89_000)
    }

    @Test func whatBecameOfItIsAskedOfTheRecorder() throws {
        write(1, took: 1_000, at: 2_000)
        let slow = { try #require(self.recorder.slowest(span: Self.minute, limit: 1, queued: false).messages.first) }
        #expect(try slow().outcome == .underWay(.acknowledgement))
        var whole = way(took: 1_000, until: 2_000)
        whole.acknowledged = 5_000
        state(
            .settled(
                identity(1),
                whole,
                mode: .atLeastOnce,
                fate: .delivered,
                queued: false,
                attempts: 1
            ),
            at: 5_000
        )
        #expect(try slow().outcome == .delivered)
    }

    @Test func whatTheRecorderForgotHasNoFate() throws {
        write(1, took: 1_000_000, at: 2_000_000)
        for number in 0..<9_000 { state(.dropped(.outboxFull, received: UInt64(number)), at: 3_000_000) }
        let slow = try #require(recorder.slowest(span: Self.minute, limit: 1, queued: false).messages.first)
        #expect(slow.nanoseconds == 1_000_000)
        #expect(slow.outcome == nil)
    }

    @Test func itSaysSinceWhen() {
        time.now.store(30 * Self.minute, ordering: .relaxed)
        #expect(recorder.slowest(span: 2 * Self.minute, limit: 1, queued: false).since == 28 * Self.minute)
        #expect(recorder.slowest(span: 60 * Self.minute, limit: 1, queued: false).since == 16 * Self.minute)
        time.now.store(Self.minute, ordering: .relaxed)
        #expect(recorder.slowest(span: 2 * Self.minute, limit: 1, queued: false).since == 0)
    }
}
