import RelayCore
import StoreFixtures
import Testing
import WireProtocol

@Suite(.serialized) struct LimitTests {
    @Test(arguments: Backend.allCases)
    func refusesPastTheMessagesOfAnAgentAndTakesAgainAfterARemoval(_ backend: Backend) async throws {
        try await backend.with(QueueLimits(maxMessagesPerAgent: 3, maxSharePerSender: 1)) { store in
            let outcomes = try await store.commit((1...4).map { .put(Sample.message($0)) })
            #expect(outcomes.last == .refused(.messagesPerAgent))
            #expect(store.totals.messages == 3)
            #expect(try await store.put(Sample.message(5, to: 3)).first?.isStored == true)
            let swapped = try await store.commit([.remove(Sample.message(1).key), .put(Sample.message(4))])
            #expect(swapped.first == .removed)
            #expect(swapped.last?.isStored == true)
        }
    }

    @Test(arguments: Backend.allCases)
    func holdsASenderToItsShare(_ backend: Backend) async throws {
        try await backend.with(QueueLimits(maxMessagesPerAgent: 20, maxSharePerSender: 0.1)) { store in
            let outcomes = try await store.commit((1...3).map { .put(Sample.message($0, from: 5)) })
            #expect(outcomes.last == .refused(.sharePerSender))
            #expect(try await store.put(Sample.message(3, from: 6)).first?.isStored == true)
            #expect(try await store.put(Sample.message(3, from: 5, to: 9)).first?.isStored == true)
        }
    }

    @Test(arguments: Backend.allCases)
    func aShareIsAtLeastOneMessage(_ backend: Backend) async throws {
        try await backend.with(QueueLimits(maxMessagesPerAgent: 3, maxSharePerSender: 0.1)) { store in
            let outcomes = try await store.put(Sample.message(1), Sample.message(2))
            #expect(outcomes.first?.isStored == true)
            #expect(outcomes.last == .refused(.sharePerSender))
        }
    }

    @Test(arguments: Backend.allCases)
    func refusesPastTheTotalBytesExactly(_ backend: Backend) async throws {
        let limits = QueueLimits(maxMessagesPerAgent: 10, maxTotalBytes: 2 * (96 + 256), maxSharePerSender: 1)
        try await backend.with(limits) { store in
            let outcomes = try await store.put(
                Sample.message(1),
                Sample.message(2),
                Sample.message(3, envelopeBytes: 0)
            )
            #expect(outcomes.prefix(2).areStored)
            #expect(outcomes.last == .refused(.totalBytes))
            #expect(store.totals.bytes == limits.maxTotalBytes)
        }
    }

    @Test(arguments: Backend.allCases)
    func aQueuedKeyIsADuplicateAlsoWhereTheQueueIsFull(_ backend: Backend) async throws {
        try await backend.with(QueueLimits(maxMessagesPerAgent: 1, maxSharePerSender: 1)) { store in
            let outcomes = try await store.put(Sample.message(1), Sample.message(1), Sample.message(1, from: 9))
            #expect(outcomes.dropFirst() == [.duplicate, .refused(.messagesPerAgent)])
        }
    }

    @Test(arguments: Backend.allCases)
    func equalIdsOfTwoSendersOrRecipientsAreTwoMessages(_ backend: Backend) async throws {
        try await backend.with { store in
            let outcomes = try await store.put(
                Sample.message(1),
                Sample.message(1, from: 8),
                Sample.message(1, to: 8)
            )
            #expect(outcomes.areStored)
            #expect(try await store.remove(Sample.message(1)) == .removed)
            #expect(try await store.load(2).messages.map(\.message.routing.sender) == [Sample.agent(8)])
        }
    }

    @Test(arguments: Backend.allCases)
    func aRemovedKeyMayComeAgainAndIsAbsentTillThen(_ backend: Backend) async throws {
        try await backend.with { store in
            let message = Sample.message(1)
            let batch: [StoreOperation] = [.put(message), .remove(message.key), .remove(message.key), .put(message)]
            let outcomes = try await store.commit(batch)
            #expect(outcomes[1...2] == [.removed, .absent])
            #expect(outcomes.last?.isStored == true)
            #expect(store.totals.messages == 1)
        }
    }
}

extension StoreOutcome {
    var isStored: Bool {
        guard case .stored = self else { return false }
        return true
    }
}

extension Sequence<StoreOutcome> {
    var areStored: Bool { allSatisfy(\.isStored) }
}
