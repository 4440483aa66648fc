import Foundation
import RelayCore
import StoreFixtures
import Testing
import WireProtocol

@testable import RelayStores

/// A file written by a build whose schema was version 1: messages 0, 1 and 2, to agents of these numbers.
@Suite(.serialized) struct MigrationTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("relay.db")
        let dump = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Version1.sql")
        let connection = try SQLiteConnection(path: path)
        try connection.execute(try String(contentsOf: dump, encoding: .utf8))
        try connection.execute("PRAGMA application_id=\(Schema.applicationID); PRAGMA user_version=1")
    }

    private func open() throws -> SQLiteStore { try SQLiteStore(path: path, limits: QueueLimits()) }

    @Test func keepsEveryMessageWithItsSequence() async throws {
        for _ in 1...2 {
            let store = try open()
            #expect(store.totals.recovered == 3)
            for number in 0..<3 {
                let queued = QueuedMessage(
                    sequence: Int64(number + 1),
                    message: Sample.message(UInt64(number), to: UInt32(number))
                )
                #expect(try await store.load(UInt32(number)).messages == [queued])
            }
            await store.close()
        }
        let connection = try SQLiteConnection(path: path)
        #expect(try connection.integer("PRAGMA user_version") == 2)
        #expect(try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'old%'") == 0)
    }

    @Test func knowsTheKeysThatWereQueued() async throws {
        let store = try open()
        #expect(try await store.put(Sample.message(1, to: 1)) == [.duplicate])
        #expect(try await store.remove(Sample.message(2, to: 2)) == .removed)
        guard case .stored(let sequence)? = try await store.put(Sample.message(7)).first else {
            Issue.record("a new message was not stored")
            return
        }
        #expect(sequence > 1_000_000)
        await store.close()
    }

    @Test(arguments: ["payload = zeroblob(352)", "lane = 4", "sender = zeroblob(32)", "recipient_bits = 5"])
    func putsAsideWhatIsNotWhatWasWritten(_ change: String) async throws {
        try SQLiteConnection(path: path).execute("UPDATE queue SET \(change) WHERE sequence = 2")
        let store = try open()
        #expect(store.statistics.corruptRows == 1)
        #expect(store.totals.recovered == 3)
        #expect(try await store.load(1).messages.isEmpty)
        await store.close()
    }
}
