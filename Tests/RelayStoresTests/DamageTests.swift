import Foundation
import RelayCore
import StoreFixtures
import Testing
import WireProtocol

@testable import RelayStores

/// Rows that are not what was written, in a file that SQLite finds in order.
@Suite struct DamageTests {
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

    @Test(arguments: [
        "recipient = x'\(String(repeating: "00", count: 32))'", "sender = x'00'", "id = zeroblob(16)",
        "flags = 0", "mode = 1", "accepted_at = accepted_at + 1", "expires_at = expires_at + 1",
        "payload = x''",
    ])
    func aChangedColumnIsFoundAndPutAside(_ change: String) async throws {
        try await makeStore()
        try changeRowsBehindTheIndexes(change)
        let store = try open()
        #expect(try await loadAndSettle(store) == [Sample.id(0x5A), Sample.id(0x5C)])
        #expect(store.statistics.corruptRows == 1)
        #expect(store.totals.messages == 2)
        await store.close()
        let again = try open()
        #expect(again.statistics.corruptRows == 1)
        #expect(again.totals.recovered == 2)
        await again.close()
    }

    /// What an index holds too is read from there and is whole; the row cannot be removed by it any more.
    @Test(arguments: ["lane = 4", "recipient_bits = 1"])
    func aRowThatDiffersFromItsIndexDoesNotBlockRemovals(_ change: String) async throws {
        try await makeStore()
        try changeRowsBehindTheIndexes(change)
        let store = try open()
        let all = [Sample.message(0x5A), Sample.message(0x5B), Sample.message(0x5C)]
        #expect(try await store.commit(all.map { .remove($0.key) }) == [.removed, .absent, .removed])
        #expect(store.statistics.corruptRows == 1)
        #expect(store.totals.messages == 0)
        #expect(store.health == .ok)
        await store.close()
    }

    /// As a flipped byte does: the row changes, its index entries do not. A connection a step, since each reads the
    /// schema as the one before left it.
    private func changeRowsBehindTheIndexes(_ change: String) throws {
        let hidden = "name IN ('queue_by_lane', 'queue_by_key', 'queue_by_expiry')"
        let steps = [
            """
            CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE \(hidden);
            PRAGMA writable_schema=ON;
            DELETE FROM sqlite_schema WHERE \(hidden);
            """,
            "UPDATE queue SET \(change) WHERE sequence = (SELECT max(sequence) - 1 FROM queue);",
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
