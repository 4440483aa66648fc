import Foundation
import ProgramFixture
import RelayCore
import StoreFixtures
import Synchronization
import Testing

@testable import RelayStores

@Suite(.serialized, .enabled(if: getuid() == 0, "mounting a small tmpfs needs root"))
struct FullDiskTests {
    private final class ManualClock: Sendable {
        let now = Atomic<UInt64>(1)
    }

    private let disk: SmallDisk
    private let clock = ManualClock()

    init() throws { disk = try SmallDisk(megabytes: 8) }

    private func open() throws -> SQLiteStore {
        let limits = QueueLimits(maxMessagesPerAgent: 100_000, maxSharePerSender: 1)
        let settings = Writer.Settings(path: disk.database, limits: limits) { [clock] in
            clock.now.load(ordering: .sequentiallyConsistent)
        }
        return try SQLiteStore(settings, maxInboxBytes: 64 << 20)
    }

    /// Past any backoff; what the writer does after a transaction is done when this returns.
    private func letTimePass(_ store: SQLiteStore) async {
        clock.now.add(10_000_000_000, ordering: .sequentiallyConsistent)
        for _ in 0..<2 { _ = try? await store.commit([]) }
    }

    /// Batches until one fails.
    private func storeUntilFull(_ store: SQLiteStore) async throws -> [Message] {
        var stored: [Message] = []
        while stored.count < 10_000 {
            let next = UInt64(stored.count)
            let batch = (next..<next + 10).map { Sample.message($0, envelopeBytes: 2000) }
            do {
                _ = try await store.commit(batch.map { .put($0) })
            } catch {
                #expect(error as? StoreFailure == .diskFull)
                return stored
            }
            stored += batch
        }
        Issue.record("the disk was never full")
        return stored
    }

    @Test func batchesFailAndNothingIsLost() async throws {
        let store = try open()
        let stored = try await storeUntilFull(store)
        let keys = Set(stored.map(\.key))
        #expect(!keys.isEmpty)
        #expect(store.totals.messages == keys.count)
        #expect(store.health != .ok)
        #expect(try await LossChecker.missing(keys, from: store).isEmpty)
        await store.close()
        let again = try open()
        #expect(again.totals.recovered == keys.count)
        #expect(try await LossChecker.missing(keys, from: again).isEmpty)
        await again.close()
    }

    /// Not while only less than what failed can be written, whether or not that is tried.
    @Test func healthComesBackWithRoomForWhatFailed() async throws {
        let store = try open()
        _ = try await store.put(Sample.message(1))
        try disk.fill()
        await #expect(throws: StoreFailure.diskFull) { try await store.put(Sample.message(2, envelopeBytes: 500_000)) }
        _ = try await store.put(Sample.message(3))
        #expect(store.health != .ok)
        for _ in 0..<3 { await letTimePass(store) }
        #expect(store.health != .ok)
        #expect(store.statistics.failures[.diskFull, default: 0] >= 4)

        try disk.makeRoom()
        await letTimePass(store)
        #expect(store.health == .ok)
        _ = try await store.put(Sample.message(2, envelopeBytes: 500_000))
        #expect(try await store.load(2).messages.count == 3)
        await store.close()
        await (try open()).close()
    }

    /// Removals need room in the log, which begins anew when the disk is found full.
    @Test func recipientsWhoTakeTheirMessagesMakeRoom() async throws {
        let store = try open()
        var stored = try await storeUntilFull(store)[...]
        await letTimePass(store)
        for _ in 0..<200 where store.health != .ok {
            // A removal that fails is tried again, as the relay does each second.
            let batch = stored.prefix(50)
            let removed = try? await store.commit(batch.map { .remove($0.key) })
            if removed != nil { stored = stored.dropFirst(batch.count) }
            await letTimePass(store)
        }
        #expect(!stored.isEmpty, "every message had to go")
        #expect(store.totals.messages == stored.count)
        await store.close()
    }
}

/// A tmpfs, gone with the last reference to it.
private final class SmallDisk: Sendable {
    private let folder: TemporaryFolder
    private let mount: String

    init(megabytes: Int) throws {
        folder = try TemporaryFolder()
        mount = folder.file("disk")
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: false)
        try Self.run("mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", mount)
    }

    deinit { try? Self.run("umount", "--lazy", mount) }

    var database: String { mount + "/relay.db" }
    private var ballast: String { mount + "/ballast" }

    /// Takes all the room there is but 128 KiB.
    func fill() throws { try Self.run("bash", "-c", "cat /dev/zero > \(ballast) || truncate -s -128K \(ballast)") }

    func makeRoom() throws { try FileManager.default.removeItem(atPath: ballast) }

    private static func run(_ command: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardError = FileHandle.nullDevice
        try process.runInTurn()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(command.joined(separator: " "))")
    }
}
