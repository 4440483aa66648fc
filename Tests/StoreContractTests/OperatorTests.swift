import RelayCore
import StoreFixtures
import Testing
import WireProtocol

/// What operators ask of a store, and tell it.
@Suite(.serialized) struct OperatorTests {
    private func fill(_ store: any MessageStore) async throws {
        // Agent 5 has one, 6 has two large ones, 7 has three: 7 is the first to have been stored for.
        _ = try await store.put(
            Sample.message(1, to: 7, priority: 255, acceptedAt: Sample.now + 1),
            Sample.message(2, to: 6, envelopeBytes: 5_000, acceptedAt: Sample.now + 2),
            Sample.message(3, to: 5, acceptedAt: Sample.now + 3),
            Sample.message(4, to: 7, priority: 0, acceptedAt: Sample.now + 4),
            Sample.message(5, to: 6, envelopeBytes: 5_000, acceptedAt: Sample.now + 5),
            Sample.message(6, to: 7, acceptedAt: Sample.now + 6)
        )
    }

    @Test(arguments: Backend.allCases)
    func queuesAreListedByWhatTheyHaveMostOf(_ backend: Backend) async throws {
        try await backend.with { store in
            try await fill(store)
            for (order, expected) in [
                (QueueListQuestion.Order.messages, [7, 6, 5] as [UInt32]), (.bytes, [6, 7, 5]), (.age, [7, 6, 5]),
            ] {
                let list = try await store.queues(QueueListQuestion(order: order, limit: 10))
                #expect(list.agents == 3)
                #expect(list.queues.map(\.recipient) == expected.map(Sample.agent), "\(order)")
                let first = try await store.queues(QueueListQuestion(order: order, limit: 1))
                #expect(first.queues == Array(list.queues.prefix(1)))
            }
            let largest = try await store.queues(QueueListQuestion(order: .bytes, limit: 1)).queues
            let expected = QueueList.Queue(
                recipient: Sample.agent(6),
                messages: 2,
                bytes: 2 * (RoutingHeader.byteCount + 5_000),
                oldestAcceptedAt: Sample.now + 2
            )
            #expect(largest == [expected])
        }
    }

    @Test(arguments: Backend.allCases)
    func allQueuesArePagedByHash(_ backend: Backend) async throws {
        try await backend.with { store in
            let agents = (10..<17).map { Sample.agent($0) }
            for number in 10..<17 { _ = try await store.put(Sample.message(UInt64(number), to: UInt32(number))) }
            var read: [AgentHash] = []
            while true {
                let question = QueueListQuestion(order: .agent, limit: 3, after: read.last)
                let page = try await store.queues(question).queues.map(\.recipient)
                guard !page.isEmpty else { break }
                read += page
            }
            #expect(read == agents.sorted())
        }
    }

    @Test(arguments: Backend.allCases)
    func whatLeavesAQueueLeavesItsList(_ backend: Backend) async throws {
        try await backend.with { store in
            try await fill(store)
            _ = try await store.remove(Sample.message(2, to: 6, envelopeBytes: 5_000))
            let question = QueueListQuestion(order: .agent, limit: 10)
            var left = try await store.queues(question).queues.first { $0.recipient == Sample.agent(6) }
            #expect(left?.messages == 1 && left?.bytes == RoutingHeader.byteCount + 5_000)
            #expect(left?.oldestAcceptedAt == Sample.now + 5)
            _ = try await store.remove(Sample.message(5, to: 6, envelopeBytes: 5_000))
            left = try await store.queues(question).queues.first { $0.recipient == Sample.agent(6) }
            #expect(left == nil)
        }
    }

    @Test(arguments: Backend.allCases)
    func aPurgeRemovesOneAgentsMessagesAPageAtATime(_ backend: Backend) async throws {
        try await backend.with { store in
            try await fill(store)
            let first = try await store.purge(7, limit: 2)
            #expect(first.count == 2)
            let rest = try await store.purge(7, limit: 2)
            #expect(Set((first + rest).map(\.id)) == Set(ids(1, 4, 6)))
            #expect((first + rest).allSatisfy { $0.recipient == Sample.agent(7) })
            #expect(try await store.purge(7, limit: 2) == [])
            #expect(try await store.load(7).messages == [])
            #expect(try await store.load(6).ids == ids(2, 5))
            #expect(store.totals.messages == 3)
            let again = try await store.put(Sample.message(1, to: 7))
            #expect(again != [.duplicate])
        }
    }

    @Test(arguments: Backend.allCases)
    func aPurgedExactlyOnceMessageIsRemembered(_ backend: Backend) async throws {
        try await backend.with { store in
            let message = Sample.message(1, to: 7, mode: .exactlyOnce)
            _ = try await store.put(message)
            #expect(try await store.purge(7).map(\.id) == ids(1))
            #expect(try await store.put(message) == [.duplicate])
        }
    }

    @Test(arguments: Backend.durable)
    func aPurgeSurvivesAReopening(_ backend: Backend) async throws {
        let folder = try TemporaryFolder()
        var store = try await backend.open(in: folder)
        try await fill(store)
        _ = try await store.purge(7)
        _ = try await store.pin(claim(1, key: 1, maxAnonymousPins: 1))
        _ = try await store.unpin(1)
        await store.close()
        store = try await backend.open(in: folder)
        #expect(try await store.queues(QueueListQuestion(order: .age, limit: 5)).agents == 2)
        #expect(store.totals.recovered == 3)
        #expect(try await store.pinnedKey(of: 1) == nil)
        await store.close()
    }

    @Test(arguments: Backend.allCases)
    func anUnpinnedIDIsTheNextOnesToClaimAndMakesRoom(_ backend: Backend) async throws {
        try await backend.with { store in
            let nothing = try await store.unpin(1)
            #expect(nothing == nil)
            #expect(try await store.pin(claim(1, key: 1, maxAnonymousPins: 1)) == .held)
            #expect(try await store.pin(claim(2, key: 2, maxAnonymousPins: 1)) == .tooManyPins)
            let pin = PinnedKey(publicKey: [UInt8](repeating: 1, count: 32), org: nil)
            #expect(try await store.pinnedKey(of: 1) == pin)
            #expect(try await store.pinnedKey(of: 2) == nil)
            #expect(try await store.unpin(1) == pin)
            #expect(try await store.pinnedKey(of: 1) == nil)
            #expect(try await store.pin(claim(1, key: 2, maxAnonymousPins: 1)) == .held)
            #expect(try await store.pin(claim(2, key: 2, maxAnonymousPins: 1)) == .tooManyPins)
        }
    }

    @Test(arguments: Backend.allCases)
    func anUnpinnedIDHasNoOwnerAnyMore(_ backend: Backend) async throws {
        try await backend.with { store in
            _ = try await store.pin(claim(1, key: 1, org: "acme"))
            #expect(try await store.pin(claim(1, key: 2, org: "other")) == .ownedByAnotherOrg)
            let pin = try await store.unpin(1)
            #expect(pin?.org == "acme")
            #expect(try await store.pin(claim(1, key: 2, org: "other")) == .held)
        }
    }
}
