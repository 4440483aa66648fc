import Dispatch
import RelayCore
import StoreFixtures
import Synchronization
import Testing
import WireProtocol

@Suite(.serialized) struct ConcurrencyTests {
    private static let callers = 8
    private static let batches = 50
    private static let batchSize = 10

    /// Each of eight threads submits without waiting; what each stored lies in the order of its submissions.
    @Test(arguments: Backend.allCases)
    func keepsTheOrderOfEachOfEightCallers(_ backend: Backend) async throws {
        try await backend.with { store in
            let completions = Mutex(0)
            let done = DispatchSemaphore(value: 0)
            DispatchQueue.concurrentPerform(iterations: Self.callers) { caller in
                for batch in 0..<Self.batches {
                    store.commit(Self.batch(batch, of: caller), now: Sample.now) { _ in
                        let count = completions.withLock { count -> Int in
                            count += 1
                            return count
                        }
                        if count == Self.callers * Self.batches { done.signal() }
                    }
                }
            }
            Self.wait(done)
            let page = try await store.load(2, maxMessages: .max, maxBytes: .max)
            #expect(store.totals.messages == Self.callers * Self.batches * Self.batchSize)
            #expect(page.messages.map(\.sequence) == page.messages.map(\.sequence).sorted())
            for caller in 0..<Self.callers {
                let mine = page.messages.filter { $0.message.routing.sender == Sample.agent(UInt32(caller)) }
                let expected = (0..<Self.batches * Self.batchSize).map { Sample.id(UInt64($0)) }
                #expect(mine.map(\.message.routing.id) == expected)
            }
        }
    }

    /// Readers never see part of a batch: messages come and go in pairs.
    @Test(arguments: Backend.allCases)
    func loadsSeeWholeBatchesOnly(_ backend: Backend) async throws {
        try await backend.with { store in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for number in UInt64(0)..<200 {
                        _ = try await store.put(Sample.message(2 * number), Sample.message(2 * number + 1))
                    }
                }
                group.addTask {
                    var seen = 0
                    while seen < 400 {
                        seen = try await store.load(2).messages.count
                        #expect(seen.isMultiple(of: 2))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func seesInLoadWhatCompletedBefore(_ backend: Backend) async throws {
        try await backend.with { store in
            for number in UInt64(1)...50 {
                _ = try await store.put(Sample.message(number))
                #expect(try await store.load(2).messages.count == Int(number))
            }
        }
    }

    private static func batch(_ batch: Int, of caller: Int) -> [StoreOperation] {
        (batch * batchSize..<(batch + 1) * batchSize).map { .put(Sample.message(UInt64($0), from: UInt32(caller))) }
    }

    private static func wait(_ semaphore: DispatchSemaphore) { semaphore.wait() }
}
