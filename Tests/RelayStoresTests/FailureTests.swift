import CSQLite
import Dispatch
import Foundation
import RelayCore
import StoreFixtures
import Synchronization
import Testing

@testable import RelayStores

@Suite(.serialized) struct FailureTests {
    private let limits = QueueLimits(maxMessagesPerAgent: 100_000, maxSharePerSender: 1)

    private final class ManualClock: Sendable {
        let now = Atomic<UInt64>(1)

        func advance(milliseconds: UInt64) { now.add(milliseconds * 1_000_000, ordering: .sequentiallyConsistent) }
    }

    @Test func aSyncThatFailsFailsTheBatchAndTheStoreOpensAgain() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let clock = ManualClock()
        let settings = Writer.Settings(path: folder.file("relay.db"), vfs: FaultyVFS.use(), limits: limits) {
            clock.now.load(ordering: .sequentiallyConsistent)
        }
        let store = try SQLiteStore(settings, maxInboxBytes: 1 << 20)
        _ = try await store.put(Sample.message(1))
        FaultyVFS.syncResult.store(FaultyVFS.failedSync, ordering: .sequentiallyConsistent)
        await #expect(throws: StoreFailure.self) { try await store.put(Sample.message(2)) }
        #expect(store.health == .failing(reason: "disk I/O error", since: 1))
        #expect(store.totals.messages == 1)
        #expect(store.statistics.failures[.inputOutput] == 1)

        FaultyVFS.syncResult.store(SQLITE_OK, ordering: .sequentiallyConsistent)
        clock.advance(milliseconds: 99)
        await #expect(throws: StoreFailure.self) { try await store.put(Sample.message(2)) }
        #expect(store.statistics.reopened == 0)
        clock.advance(milliseconds: 1)
        guard case .stored? = try await store.put(Sample.message(2)).first else {
            Issue.record("what failed had arrived, or the store stayed closed")
            return
        }
        #expect(store.health == .ok)
        #expect(store.statistics.reopened == 1)
        #expect(store.totals.messages == 2)
        #expect(store.totals.recovered == 0)
        #expect(try await store.load(2).messages.count == 2)
        await store.close()
    }

    @Test func anInboxOverItsBytesRefusesAtOnceAndCounts() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try SQLiteStore(path: folder.file("relay.db"), limits: limits, maxInboxBytes: 10_000)
        let (held, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        store.commit([.put(Sample.message(0))], now: Sample.now) { _ in
            held.signal()
            release.wait()
        }
        Self.wait(held)
        // Each is charged 256 + 256 + 352 bytes, the one that is held too: eleven fit.
        let results = Mutex<[Bool]>([])
        for number in UInt64(1)...20 {
            store.commit([.put(Sample.message(number))], now: Sample.now) { result in
                if case .failure(.unavailable) = result { results.withLock { $0.append(false) } }
                if case .success = result { results.withLock { $0.append(true) } }
            }
        }
        #expect(results.withLock { $0 } == [Bool](repeating: false, count: 10))
        #expect(store.statistics.inboxRefused == 10)
        #expect(store.statistics.inboxBytes <= 10_000)
        release.signal()
        await store.close()
        #expect(results.withLock { $0.filter { $0 }.count } == 10)
        #expect(store.statistics.inboxBytes == 0)
    }

    /// What was submitted while one transaction was under way shares the next.
    @Test func groupsWhatWaited() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try SQLiteStore(path: folder.file("relay.db"), limits: limits)
        let (held, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        store.commit([.put(Sample.message(0))], now: Sample.now) { _ in
            held.signal()
            release.wait()
        }
        Self.wait(held)
        for number in UInt64(1)...100 { store.commit([.put(Sample.message(number))], now: Sample.now) { _ in } }
        release.signal()
        await store.close()
        #expect(store.statistics.commits == 2)
        #expect(store.statistics.rows == 101)
        #expect(store.statistics.lastCommitOperations == 100)
    }

    @Test func theLogStaysBounded() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        var settings = Writer.Settings(path: folder.file("relay.db"), limits: limits) { 1 }
        settings.checkpointPages = 50
        let store = try SQLiteStore(settings, maxInboxBytes: 64 << 20)
        for round in UInt64(0)..<100 {
            let batch = (0..<20).map { Sample.message(round * 20 + $0, envelopeBytes: 2000) }
            _ = try await store.commit(batch.map { .put($0) })
            _ = try await store.commit(batch.map { .remove($0.key) })
        }
        #expect(store.statistics.checkpoints > 5)
        #expect(store.statistics.logBytes < 200 * 8400)
        #expect(store.statistics.databaseBytes < 100 * 8192)
        await store.close()
    }

    /// Of the directory and the key index.
    @Test func memoryBoundsTheMessagesToo() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        var settings = Writer.Settings(path: folder.file("relay.db"), limits: limits) { 1 }
        #expect(settings.maxMessages == 10 << 20)
        settings.limits.maxTotalBytes = 2048
        settings.minMessages = 3
        let store = try SQLiteStore(settings, maxInboxBytes: 1 << 20)
        let messages = (UInt64(1)...4).map { Sample.message($0, envelopeBytes: 0) }
        #expect(try await store.commit(messages.map { .put($0) }).last == .refused(.totalBytes))
        #expect(store.totals.messages == 3)
        #expect(try await store.remove(messages[0]) == .removed)
        #expect(try await store.put(messages[3]).first != .refused(.totalBytes))
        await store.close()
    }

    private static func wait(_ semaphore: DispatchSemaphore) { semaphore.wait() }
}
