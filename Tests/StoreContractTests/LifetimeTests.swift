import RelayCore
import StoreFixtures
import Testing
import WireProtocol

@Suite(.serialized) struct LifetimeTests {
    private let day = 24 * Sample.hour

    @Test(arguments: Backend.allCases)
    func neverLoadsWhatHasExpired(_ backend: Backend) async throws {
        try await backend.with { store in
            _ = try await store.put(
                Sample.message(1, expiresAt: Sample.now + 10),
                Sample.message(2, expiresAt: Sample.now + 11)
            )
            #expect(try await store.load(2, now: Sample.now + 9).ids == ids(1, 2))
            #expect(try await store.load(2, now: Sample.now + 10).ids == ids(2))
        }
    }

    @Test(arguments: Backend.allCases)
    func expiresTheLongestExpiredFirstUpToTheLimit(_ backend: Backend) async throws {
        try await backend.with { store in
            for (number, lifetime) in [(1, 30), (2, 10), (3, 20), (4, 99)] {
                let message = Sample.message(UInt64(number), expiresAt: Sample.now + UInt64(lifetime))
                _ = try await store.put(message)
            }
            #expect(try await store.expire(now: Sample.now + 30, limit: 2).map(\.id) == ids(2, 3))
            #expect(store.totals.messages == 2)
            #expect(try await store.expire(now: Sample.now + 30, limit: 2).map(\.id) == ids(1))
            #expect(try await store.expire(now: Sample.now + 30).isEmpty)
            #expect(try await store.load(2).ids == ids(4))
        }
    }

    /// In one batch, both ways round.
    @Test(arguments: Backend.allCases)
    func aMessagePutAgainExpiresAndOneRemovedDoesNot(_ backend: Backend) async throws {
        try await backend.with { store in
            let (again, gone) = (
                Sample.message(1, expiresAt: Sample.now + 10), Sample.message(2, expiresAt: Sample.now + 10)
            )
            _ = try await store.put(again)
            let batch: [StoreOperation] = [.remove(again.key), .put(gone), .put(again), .remove(gone.key)]
            _ = try await store.commit(batch)
            #expect(try await store.load(2).ids == ids(1))
            #expect(try await store.expire(now: Sample.now + 10).map(\.id) == ids(1))
            #expect(store.totals.messages == 0)
        }
    }

    @Test(arguments: Backend.allCases)
    func expiredMessagesCountUntilTheyAreRemoved(_ backend: Backend) async throws {
        try await backend.with(QueueLimits(maxMessagesPerAgent: 1, maxSharePerSender: 1)) { store in
            let later = Sample.now + 2 * Sample.hour
            _ = try await store.put(Sample.message(1))
            #expect(try await store.put(Sample.message(2), now: later) == [.refused(.messagesPerAgent)])
            _ = try await store.expire(now: later)
            #expect(try await store.put(Sample.message(2), now: later).first?.isStored == true)
        }
    }

    @Test(arguments: Backend.allCases)
    func remembersAnExactlyOnceKeyFor24Hours(_ backend: Backend) async throws {
        try await backend.with { store in
            let message = Sample.message(1, mode: .exactlyOnce)
            _ = try await store.put(message)
            _ = try await store.remove(message)
            #expect(try await store.put(message, now: Sample.now + day - 1) == [.duplicate])
            #expect(try await store.put(message, now: Sample.now + day).first?.isStored == true)
        }
    }

    @Test(arguments: Backend.allCases)
    func remembersAnExpiredExactlyOnceKeyToo(_ backend: Backend) async throws {
        try await backend.with { store in
            let message = Sample.message(1, mode: .exactlyOnce)
            _ = try await store.put(message)
            #expect(try await store.expire(now: Sample.now + Sample.hour) == [message.key])
            #expect(try await store.put(message, now: Sample.now + Sample.hour) == [.duplicate])
        }
    }

    @Test(arguments: Backend.allCases)
    func remembersNoKeyOfAtLeastOnce(_ backend: Backend) async throws {
        try await backend.with { store in
            _ = try await store.put(Sample.message(1))
            _ = try await store.remove(Sample.message(1))
            #expect(try await store.put(Sample.message(1)).first?.isStored == true)
        }
    }

    @Test(arguments: Backend.allCases)
    func refusesExactlyOnceKeysPastTheirNumberQueuedOrRemembered(_ backend: Backend) async throws {
        let limits = QueueLimits(maxMessagesPerAgent: 10, maxSharePerSender: 1, deduplicationMaxIDs: 2)
        try await backend.with(limits) { store in
            let messages = (1...3).map { Sample.message($0, mode: .exactlyOnce) }
            _ = try await store.put(messages[0], messages[1])
            _ = try await store.remove(messages[0])
            #expect(try await store.put(messages[2]) == [.refused(.deduplicationIDs)])
            #expect(try await store.put(Sample.message(9)).first?.isStored == true)
            #expect(try await store.put(messages[2], now: Sample.now + day).first?.isStored == true)
            // The slot of a key that came again after its window is taken once, not twice.
            #expect(try await store.put(messages[0], now: Sample.now + day) == [.refused(.deduplicationIDs)])
        }
    }

    @Test(arguments: Backend.allCases)
    func aKeyRememberedTwiceTakesOnePlace(_ backend: Backend) async throws {
        let limits = QueueLimits(maxMessagesPerAgent: 10, maxSharePerSender: 1, deduplicationMaxIDs: 2)
        try await backend.with(limits) { store in
            let again = Sample.message(1, mode: .exactlyOnce)
            for time in [Sample.now, Sample.now + day] {
                _ = try await store.put(again, now: time)
                _ = try await store.remove(again, now: time)
            }
            let other = Sample.message(2, mode: .exactlyOnce)
            #expect(try await store.put(other, now: Sample.now + day).first?.isStored == true)
        }
    }
}
