import Foundation
import RelayCore
import StoreFixtures
import Testing

@testable import RelayStores

/// A byte anywhere in the files of a store is not what was written: the file is refused, or what was lost is counted,
/// and nothing comes altered.
@Suite(.serialized) struct FlippedByteTests {
    private static let messages = (0..<24).map { Sample.message(UInt64($0), envelopeBytes: 700) }

    private let folder: TemporaryFolder
    private let path: String
    private let damaged: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("relay.db")
        damaged = folder.file("damaged.db")
    }

    private func open(_ path: String) throws -> SQLiteStore { try SQLiteStore(path: path, limits: QueueLimits()) }

    /// What is there when the store opens; nil where it, or a read, is refused.
    private func found() async throws -> (messages: [Message], corruptRows: Int)? {
        let store: SQLiteStore
        do {
            store = try open(damaged)
        } catch {
            #expect("\(error)".contains(damaged))
            return nil
        }
        let expired = try? await store.expire(now: Sample.now)
        #expect(expired ?? [] == [], "expired before its time")
        let page = try? await store.load(2)
        _ = try? await store.commit([])
        let corruptRows = store.statistics.corruptRows
        await store.close()
        return page.map { ($0.messages.map(\.message), corruptRows) }
    }

    private func write(_ database: Data, log: Data?) throws {
        try database.write(to: URL(fileURLWithPath: damaged))
        try? FileManager.default.removeItem(atPath: damaged + "-shm")
        let log = log ?? Data()
        try log.write(to: URL(fileURLWithPath: damaged + "-wal"))
    }

    private func expectUnaltered(_ found: [Message], at offset: Int) {
        for message in found {
            let original = Self.messages.first { $0.key == message.key }
            #expect(original?.payload == message.payload, "altered by the byte at \(offset)")
        }
    }

    @Test func inTheDatabase() async throws {
        let store = try open(path)
        _ = try await store.commit(Self.messages.map { .put($0) })
        await store.close()
        let sound = try Data(contentsOf: URL(fileURLWithPath: path))
        var refused = 0
        var counted = 0
        for offset in Array(0..<100) + Array(stride(from: 100, to: sound.count, by: 509)) {
            var bytes = sound
            bytes[offset] ^= 0x10
            try write(bytes, log: nil)
            guard let found = try await found() else {
                refused += 1
                continue
            }
            expectUnaltered(found.messages, at: offset)
            #expect(found.messages.count + found.corruptRows == Self.messages.count, "lost by the byte at \(offset)")
            counted += found.corruptRows
        }
        #expect(refused > 20)
        #expect(counted > 10)
    }

    /// Only the last commit may be gone without a word: it looks as if the power had failed in the midst of it.
    @Test func inTheLog() async throws {
        let store = try open(path)
        for message in Self.messages { _ = try await store.put(message) }
        let database = try Data(contentsOf: URL(fileURLWithPath: path))
        let sound = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
        await store.close()
        try write(database, log: sound)
        #expect(try await found()?.messages.count == Self.messages.count)
        var refused = 0
        for offset in Array(0..<56) + Array(stride(from: 56, to: sound.count, by: 3001)) {
            var bytes = sound
            bytes[offset] ^= 0x10
            try write(database, log: bytes)
            guard let found = try await found() else {
                refused += 1
                continue
            }
            expectUnaltered(found.messages, at: offset)
            #expect(found.messages.count >= Self.messages.count - 1, "lost by the byte at \(offset)")
        }
        #expect(refused > 50)
    }

    /// As `kill -9` in the midst of a write leaves it, and a disk that lost what was not synced.
    @Test(arguments: [1, 23, 24, 4000, 9000, 20_000])
    func aTornEndIsNoDamage(bytesLost: Int) async throws {
        let store = try open(path)
        for message in Self.messages { _ = try await store.put(message) }
        let database = try Data(contentsOf: URL(fileURLWithPath: path))
        let sound = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
        await store.close()
        try write(database, log: sound.dropLast(bytesLost))
        let kept = try #require(try await found()).messages.count
        #expect((1..<Self.messages.count).contains(kept))
        try write(database, log: sound.dropLast(bytesLost) + Data(repeating: 0, count: bytesLost))
        #expect(try await found()?.messages.count == kept)
    }
}
