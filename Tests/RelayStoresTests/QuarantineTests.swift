import RelayCore
import StoreFixtures
import Testing
import WireProtocol

@testable import RelayStores

/// A damaged row is put aside in a transaction that does other work too.
@Suite(.serialized) struct QuarantineTests {
    private let folder: TemporaryFolder
    private let directory = QueueDirectory()
    private let tables: StoreTables

    init() throws {
        folder = try TemporaryFolder()
        let path = folder.file("relay.db")
        let settings = Writer.Settings(path: path, vfs: nil, limits: QueueLimits(), clock: { 0 })
        let file = try StoreFile(path: path)
        tables = try StoreTables(file.openDatabase(vfs: nil).connection, settings, directory: directory)
    }

    private func put(_ message: Message) throws -> Int64 {
        guard case .stored(let sequence) = try tables.apply(.put(message), now: 1) else {
            Issue.record("not stored")
            return 0
        }
        return sequence
    }

    private func damage(_ sequence: Int64) throws {
        try tables.connection.execute("UPDATE queue SET body = zeroblob(length(body)) WHERE sequence = \(sequence)")
    }

    @Test func whatIsStoredBehindItIsFound() throws {
        try tables.begin()
        let damaged = try put(Sample.message(1))
        try tables.commit()
        try damage(damaged)

        try tables.begin()
        try tables.quarantine([damaged])
        let later = Sample.message(2)
        let sequence = try put(later)
        try tables.commit()
        let lane = later.lane
        #expect(directory.sequences(of: later.key.recipient, lane, past: 0, limit: 10) == [sequence])
    }

    @Test func aRollBackForgetsWhatWasCounted() throws {
        try tables.begin()
        let (damaged, sound) = (try put(Sample.message(1)), try put(Sample.message(2)))
        try tables.commit()
        try damage(damaged)

        try tables.begin()
        try tables.quarantine([damaged])
        _ = try put(Sample.message(3))
        tables.rollBack()
        try tables.begin()
        try tables.commit()
        let recipient = Sample.message(2).key.recipient
        #expect(directory.sequences(of: recipient, Sample.message(2).lane, past: 0, limit: 10) == [sound])
        #expect(tables.ledger.counts.messages == 1)
        #expect(tables.ledger.rowsKeptAside == 1)
        #expect(try tables.connection.integer("SELECT count(*) FROM quarantine") == 1)
    }
}
