import RelayCore
import StoreFixtures
import Testing
import WireProtocol

@testable import RelayStores

@Suite struct QueueDirectoryTests {
    private let directory = QueueDirectory()

    private func entry(_ sequence: Int64, priority: UInt8 = 128, to recipient: UInt32 = 2) -> QueueEntry {
        QueueEntry(Sample.message(UInt64(sequence), to: recipient, priority: priority), sequence: sequence)
    }

    private func sequences(_ lane: Lane, past sequence: Int64 = 0, limit: Int = 100) -> [Int64] {
        directory.sequences(of: Sample.agent(2), lane, past: sequence, limit: limit)
    }

    @Test func namesTheRowsOfALaneInOrder() {
        let urgent = [entry(2, priority: 0), entry(5, priority: 0)]
        let others = [entry(1), entry(3, priority: 255), entry(4), entry(6)]
        directory.apply((urgent + others).sorted { $0.sequence < $1.sequence }.map { .added($0) })
        #expect(sequences(.critical) == [2, 5])
        #expect(sequences(.high) == [])
        #expect(sequences(.normal) == [1, 4, 6])
        #expect(sequences(.normal, past: 1, limit: 1) == [4])
        #expect(sequences(.normal, past: 5) == [6])
        #expect(sequences(.normal, past: 6) == [])
        #expect(sequences(.bulk) == [3])
        #expect(directory.firstSequence(of: Sample.agent(2)) == 1)
        #expect(directory.count(of: Sample.agent(2)) == 6)
    }

    @Test func forgetsWhatWasRemovedAndNothingElse() {
        directory.apply([.added(entry(1)), .added(entry(2)), .added(entry(3)), .added(entry(4, to: 9))])
        directory.apply([.removed(entry(2)), .removed(entry(5)), .removed(entry(3, priority: 0))])
        #expect(sequences(.normal) == [1, 3])
        directory.apply([.removed(entry(1)), .removed(entry(3))])
        #expect(directory.firstSequence(of: Sample.agent(2)) == nil)
        #expect(directory.count(of: Sample.agent(2)) == 0)
        #expect(directory.count(of: Sample.agent(9)) == 1)
    }
}
