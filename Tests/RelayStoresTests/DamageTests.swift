import Foundation
import RelayCore
import StoreFixtures
import Testing
import WireProtocol

@testable import RelayStores

/// Rows that are not what was written, in a file that SQLite finds in order.
@Suite(.serialized) struct DamageTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("relay.db")
    }

    private func open() throws -> SQLiteStore { try SQLiteStore(path: path, limits: QueueLimits()) }

    private func makeStore() async throws {
        let store = try open()
        _ = try await store.put(Sample.message(0x5A), Sample.message(0x5B), Sample.message(0x5C))
        _ = try await store.pin(KeyClaim(agent: Sample.agent(1), publicKey: [7], org: nil, maxAnonymousPins: 9))
        await store.close()
    }

    /// Loads, then waits for the writer to have put aside what the load found.
    private func loadAndSettle(_ store: SQLiteStore) async throws -> [MessageID] {
        let page = try await store.load(2)
        _ = try await store.commit([])
        return page.messages.map(\.message.routing.id)
    }

    @Test func aFlippedByteOfAPayloadIsNeverDelivered() async throws {
        try await makeStore()
        var file = try Data(contentsOf: URL(fileURLWithPath: path))
        let envelope = try #require(file.range(of: Data(repeating: 0x5B, count: 256)))
        file[envelope.lowerBound + 100] ^= 0x01
        try file.write(to: URL(fileURLWithPath: path))
        let store = try open()
        #expect(store.totals.recovered == 3)
        #expect(try await loadAndSettle(store) == [Sample.id(0x5A), Sample.id(0x5C)])
        #expect(store.statistics.corruptRows == 1)
        #expect(store.totals.messages == 2)
        #expect(try await store.put(Sample.message(0x5B)).first != .duplicate)
        await store.close()
    }

    private static let changes = [
        "header = zeroblob(96)", "header = x'00'", "flags = 0", "accepted_at = accepted_at + 1", "body = x''",
    ]

    @Test(arguments: changes + ["expires_at = expires_at + 1"])
    func aChangedColumnIsPutAsideWhenTheFileIsOpened(_ change: String) async throws {
        try await makeStore()
        try changeRowBehindTheIndex(change)
        for found in [1, 0] {
            let store = try open()
            #expect(store.statistics.corruptRows == found)
            #expect(store.statistics.rowsKeptAside == 1)
            #expect(store.totals.recovered == 2 + found)
            #expect(try await loadAndSettle(store) == [Sample.id(0x5A), Sample.id(0x5C)])
            await store.close()
        }
    }

    @Test(arguments: changes)
    func aColumnThatChangesLaterIsFoundByTheNextLoad(_ change: String) async throws {
        try await makeStore()
        let store = try open()
        try SQLiteConnection(path: path).execute(update(change))
        #expect(try await loadAndSettle(store) == [Sample.id(0x5A), Sample.id(0x5C)])
        #expect(store.statistics.corruptRows == 1)
        #expect(store.totals.messages == 2)
        #expect(try await store.put(Sample.message(0x5B)).first != .duplicate)
        #expect(try await store.load(2).messages.count == 3)
        await store.close()
    }

    /// What the index holds is not in the row any more, which cannot be removed by it then.
    @Test func aRowThatDiffersFromItsIndexDoesNotBlockRemovals() async throws {
        try await makeStore()
        let store = try open()
        try changeRowBehindTheIndex("expires_at = expires_at + 1")
        let all = [Sample.message(0x5A), Sample.message(0x5B), Sample.message(0x5C)]
        #expect(try await store.commit(all.map { .remove($0.key) }) == [.removed, .absent, .removed])
        #expect(store.statistics.corruptRows == 1)
        #expect(store.totals.messages == 0)
        #expect(store.health == .ok)
        await store.close()
    }

    @Test func anIndexEntryExpiresNothingBeforeItsTime() async throws {
        try await makeStore()
        try SQLiteConnection(path: path).execute(update("expires_at = 5"))
        try changeRowBehindTheIndex("expires_at = \(Sample.now + Sample.hour)")
        let store = try open()
        #expect(try await store.expire(now: Sample.now) == [])
        #expect(try await store.load(2).messages.count == 3)
        #expect(store.statistics.corruptRows == 0)
        await store.close()
    }

    private func update(_ change: String) -> String {
        "UPDATE queue SET \(change) WHERE sequence = (SELECT max(sequence) - 1 FROM queue);"
    }

    /// As a flipped byte does: the row changes, its index entry does not. A connection a step, since each reads the
    /// schema as the one before left it.
    private func changeRowBehindTheIndex(_ change: String) throws {
        let steps = [
            """
            CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'queue_by_expiry';
            PRAGMA writable_schema=ON;
            DELETE FROM sqlite_schema WHERE name = 'queue_by_expiry';
            """,
            update(change),
            "PRAGMA writable_schema=ON; INSERT INTO sqlite_schema SELECT * FROM kept;",
            "DROP TABLE kept;",
        ]
        for step in steps { try SQLiteConnection(path: path).execute(step) }
    }

    @Test func aChangedPinHoldsTheIdAgainstEverybody() async throws {
        try await makeStore()
        try SQLiteConnection(path: path).execute("UPDATE pins SET public_key = x'08'")
        let store = try open()
        for key in [UInt8(7), 8, 9] {
            let claim = KeyClaim(agent: Sample.agent(1), publicKey: [key], org: nil, maxAnonymousPins: 9)
            await #expect(throws: StoreFailure.self) { try await store.pin(claim) }
        }
        #expect(store.health == .ok)
        await store.close()
    }
}
