import RelayCore
import StoreFixtures
import Testing
import WireProtocol

@Suite(.serialized) struct QueueOrderTests {
    @Test(arguments: Backend.allCases)
    func loadsAMessageAsItWasStored(_ backend: Backend) async throws {
        try await backend.with { store in
            let message = Sample.message(7, priority: 12, mode: .exactlyOnce, envelopeBytes: 70_000)
            let outcomes = try await store.put(message)
            let page = try await store.load(2)
            #expect(page.isLast)
            let queued = try #require(page.messages.first)
            #expect(outcomes == [.stored(sequence: queued.sequence)])
            #expect(queued.message == message)
        }
    }

    @Test(arguments: Backend.allCases)
    func ordersByLaneThenByAge(_ backend: Backend) async throws {
        try await backend.with { store in
            for (number, priority) in [(1, 255), (2, 128), (3, 0), (4, 192), (5, 64), (6, 65), (7, 1)] {
                _ = try await store.put(Sample.message(UInt64(number), priority: UInt8(priority)))
            }
            #expect(try await store.load(2).ids == ids(3, 5, 7, 2, 6, 4, 1))
        }
    }

    @Test(arguments: Backend.allCases)
    func beginsWithTheLaneOfTheCursorAfterCritical(_ backend: Backend) async throws {
        try await backend.with { store in
            for (number, priority) in [(1, 255), (2, 128), (3, 0), (4, 192), (5, 64), (6, 65)] {
                _ = try await store.put(Sample.message(UInt64(number), priority: UInt8(priority)))
            }
            for (lane, expected) in [(Lane.low, ids(3, 4, 5, 2, 6, 1)), (.bulk, ids(3, 1, 5, 2, 6, 4))] {
                var cursor = QueueCursor.start
                cursor.first = lane
                #expect(try await store.load(2, past: cursor).ids == expected)
                #expect(try await store.load(2, past: cursor, maxMessages: 2).ids == Array(expected.prefix(2)))
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func pagesByCursorWithoutGapOrRepeat(_ backend: Backend) async throws {
        try await backend.with { store in
            let messages = (0..<50).map { Sample.message($0, priority: $0.isMultiple(of: 3) ? 10 : 200) }
            _ = try await store.commit(messages.map { .put($0) })
            var cursor = QueueCursor.start
            var read: [MessageID] = []
            var isLast = false
            while !isLast {
                let page = try await store.load(2, past: cursor, maxMessages: 7)
                #expect(page.messages.count == 7 || page.isLast)
                for queued in page.messages { cursor[queued.message.lane] = queued.sequence }
                read += page.ids
                isLast = page.isLast
            }
            let urgent = (0..<50).filter { $0.isMultiple(of: 3) }
            let rest = (0..<50).filter { !$0.isMultiple(of: 3) }
            #expect(read == (urgent + rest).map { Sample.id(UInt64($0)) })
        }
    }

    @Test(arguments: Backend.allCases)
    func aMoreUrgentMessageIsSeenPastTheCursorOfAnotherLane(_ backend: Backend) async throws {
        try await backend.with { store in
            _ = try await store.put(Sample.message(1))
            let first = try await store.load(2)
            var cursor = QueueCursor.start
            cursor[.normal] = try #require(first.messages.first).sequence
            _ = try await store.put(Sample.message(2, priority: 0))
            #expect(try await store.load(2, past: cursor).ids == ids(2))
        }
    }

    @Test(arguments: Backend.allCases)
    func endsAPageByBytesButNeverWithoutAMessage(_ backend: Backend) async throws {
        try await backend.with { store in
            _ = try await store.put(Sample.message(1), Sample.message(2), Sample.message(3))
            let two = try await store.load(2, maxBytes: 2 * (96 + 256))
            #expect(two.ids == ids(1, 2))
            #expect(!two.isLast)
            let one = try await store.load(2, maxBytes: 1)
            #expect(one.ids == ids(1))
            #expect(!one.isLast)
            let exact = try await store.load(2, maxMessages: 3)
            #expect(exact.isLast)
        }
    }

    @Test(arguments: Backend.allCases)
    func keepsRecipientsApart(_ backend: Backend) async throws {
        try await backend.with { store in
            _ = try await store.put(Sample.message(1, to: 2), Sample.message(2, to: 3))
            #expect(try await store.load(2).ids == ids(1))
            #expect(try await store.load(3).ids == ids(2))
            #expect(try await store.load(4) == QueuePage(messages: [], isLast: true))
        }
    }

    @Test(arguments: Backend.allCases)
    func sequencesRiseAfterTheQueueWasEmpty(_ backend: Backend) async throws {
        try await backend.with { store in
            let first = try await sequence(of: Sample.message(1), in: store)
            _ = try await store.remove(Sample.message(1))
            let second = try await sequence(of: Sample.message(2), in: store)
            #expect(second > first)
        }
    }

    @Test(arguments: Backend.allCases)
    func statusCountsAndDatesARecipientsQueue(_ backend: Backend) async throws {
        try await backend.with { store in
            #expect(try await store.status(of: 2) == QueueStatus(messages: 0, oldestAcceptedAt: nil))
            _ = try await store.put(
                Sample.message(1, priority: 255, acceptedAt: Sample.now - 9),
                Sample.message(2, priority: 0, acceptedAt: Sample.now - 5),
                Sample.message(3, to: 3, acceptedAt: Sample.now - 99)
            )
            #expect(try await store.status(of: 2) == QueueStatus(messages: 2, oldestAcceptedAt: Sample.now - 9))
        }
    }
}

func sequence(of message: Message, in store: any MessageStore) async throws -> Int64 {
    guard case .stored(let sequence) = try await store.put(message).first else {
        Issue.record("the message was not stored")
        return 0
    }
    return sequence
}
