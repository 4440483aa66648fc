import RelayCore
import Testing
import WireProtocol

@testable import RelayTelemetry

@Suite struct FlightRingTests {
    /// A best-effort message that was received at `number` and dropped a nanosecond later.
    private func state(_ numbers: ClosedRange<UInt64>, in ring: FlightRing) {
        for number in numbers {
            let facts = [MessageFact.dropped(.recipientOffline, received: number)]
            facts.withUnsafeBufferPointer { ring.record($0, UnsafeBufferPointer(start: nil, count: 0), at: number + 1) }
        }
    }

    /// Newest first.
    private func origins(_ ring: FlightRing) -> [UInt64] {
        var found: [UInt64] = []
        ring.read { found += $0.reversed().map(\.origin) }
        return found
    }

    @Test(arguments: [0, 1, 4, 5, 6, 14, 15])
    func theLastOnesAreKept(written: UInt64) throws {
        let ring = try #require(FlightRing(capacity: 5))
        if written > 0 { state(1...written, in: ring) }
        let kept = min(written, 5)
        #expect(origins(ring) == (0..<kept).map { written - $0 })
        #expect(ring.kept == Int(kept))
        #expect(ring.forgotBefore == (written > 5 ? written - 5 + 1 + 1 : nil))
    }

    @Test func alwaysInPiecesThatTheLoopCanWaitFor() throws {
        let ring = try #require(FlightRing(capacity: 3 * FlightRing.pieceRecords))
        state(1...UInt64(4 * FlightRing.pieceRecords + 7), in: ring)
        var sizes: [Int] = []
        ring.read { sizes.append($0.count) }
        #expect(sizes.allSatisfy { $0 <= FlightRing.pieceRecords })
        #expect(sizes.reduce(0, +) == 3 * FlightRing.pieceRecords)
    }

    /// Between two pieces the loop goes on: what it overwrites is not read as something older.
    @Test func aRingThatTurnsDuringASearchLosesTheOldestOnly() throws {
        let records = UInt64(FlightRing.pieceRecords)
        let ring = try #require(FlightRing(capacity: 2 * FlightRing.pieceRecords))
        state(1...(2 * records), in: ring)
        var found: [UInt64] = []
        var next = ring.read(before: .max) { found += $0.reversed().map(\.origin) }
        #expect(found == (records + 1...2 * records).reversed())
        state(2 * records + 1...2 * records + 10, in: ring)
        while let end = next { next = ring.read(before: end) { found += $0.reversed().map(\.origin) } }
        #expect(found == (11...2 * records).reversed())
    }

    @Test func aTickOfNothingToKeepLeavesNothing() throws {
        let ring = try #require(FlightRing(capacity: 5))
        let facts = [MessageFact.accepted(.example, mode: .bestEffort, bytes: 1)]
        let events = [RelayEvent.connectionOpened, .framesReceived(.message, count: 1)]
        facts.withUnsafeBufferPointer { facts in
            events.withUnsafeBufferPointer { ring.record(facts, $0, at: 1) }
        }
        #expect(ring.kept == 0)
    }

    @Test func eventsAreKeptBesideFacts() throws {
        let ring = try #require(FlightRing(capacity: 5))
        let events = [RelayEvent.nacked(.example, code: .tooLarge)]
        events.withUnsafeBufferPointer { ring.record(UnsafeBufferPointer(start: nil, count: 0), $0, at: 1) }
        #expect(ring.kept == 1)
    }
}
