import RelayCore
import StoreFixtures
import Testing
import WireProtocol

@testable import RelayStores

@Suite struct DiversionsTests {
    private let alice = Sample.agent(1)
    private let bob = Sample.agent(2)

    private func key(_ number: UInt64, of recipient: AgentHash) -> MessageKey {
        MessageKey(recipient: recipient, sender: Sample.agent(9), id: Sample.id(number))
    }

    private func mark(_ diversions: Diversions) throws -> Int? { try #require(diversions.next()).mark }

    @Test func whoWasReadBeforeMoreCameStaysDiverted() throws {
        var diversions = Diversions()
        diversions.began([alice])
        #expect(try mark(diversions) == nil, "a batch under way")
        diversions.ended([alice], stored: [alice])
        let early = try mark(diversions)
        diversions.began([alice])
        diversions.ended([alice], stored: [alice])
        let (isSettledEarly, isSettledBlindly) = (
            diversions.settled(alice, mark: early), diversions.settled(alice, mark: nil)
        )
        #expect(!isSettledEarly && !isSettledBlindly)
        let last = try mark(diversions)
        let isSettled = diversions.settled(alice, mark: last)
        #expect(isSettled && !diversions.isDiverted(alice))
        #expect(diversions.next() == nil)
    }

    @Test func nobodySettlesOwingRemovals() throws {
        var diversions = Diversions()
        diversions.found(alice)
        for (number, isCounted) in [(UInt64(1), true), (1, true), (2, false), (3, false)] {
            _ = diversions.owe(key(number, of: alice), isCounted: isCounted)
        }
        #expect(diversions.countedTwice == 1)
        let owed = diversions.payable.sorted { $0.id.bytes.lexicographicallyPrecedes($1.id.bytes) }
        #expect(owed == (1...3).map { key($0, of: alice) })
        let last = try mark(diversions)
        let isSettledOwing = diversions.settled(alice, mark: last)
        #expect(!isSettledOwing)
        let unknown = diversions.paid(owed, removed: [true, true, false])
        #expect(unknown == 1, "the second, which both had")
        #expect(diversions.countedTwice == 0 && diversions.payable.isEmpty)
        let isSettled = diversions.settled(alice, mark: last)
        #expect(isSettled)
    }

    @Test func owesNoMoreThanItsBound() {
        var diversions = Diversions()
        diversions.found(alice)
        for number in 0..<UInt64(Diversions.maxOwed) { _ = diversions.owe(key(number, of: alice), isCounted: true) }
        #expect(diversions.payable.count == Diversions.payment)
        let more = key(.max, of: alice)
        let hasRoom = diversions.owe(more, isCounted: true)
        #expect(!hasRoom)
        _ = diversions.paid([key(0, of: alice)], removed: [true])
        let hasRoomAgain = diversions.owe(more, isCounted: true)
        #expect(hasRoomAgain)
    }

    /// The run before paid and died before it noted so; or somebody else removed it.
    @Test func whatWasFoundAndIsNotThereWasNeverCountedTwice() {
        var diversions = Diversions()
        diversions.found([key(1, of: alice): true, key(2, of: alice): true, key(3, of: alice): false])
        #expect(diversions.foundTwice == 2)
        _ = diversions.paid((1...3).map { key($0, of: alice) }, removed: [true, false, false])
        #expect(diversions.foundTwice == 1)
        #expect(diversions.countedTwice == 0)
    }

    /// A batch whose answer was lost, and which the spill has too.
    @Test func whatBothHadAndOneExpiredIsADuplicate() {
        var diversions = Diversions()
        diversions.found(alice)
        _ = diversions.owe(key(1, of: alice), isCounted: false)
        let (told, _, unknown) = diversions.expired([key(1, of: alice)])
        #expect(told.isEmpty)
        #expect(unknown == 1)
    }

    @Test func whatThereIsNoRoomForIsCounted() {
        var state = SpillingStore.State()
        state.diversions.found(alice)
        for number in 0..<UInt64(Diversions.maxOwed) {
            _ = state.diversions.owe(key(number, of: alice), isCounted: true)
        }
        let more = key(.max, of: alice)
        let batch = Line.Batch(operations: [.remove(more)], now: Sample.now) { _ in }
        state.diversions.began(batch.agents)
        let (told, unkept) = state.spilled(batch, .success([.absent]))
        #expect(told == .success([.absent]))
        #expect(unkept == [more])
        #expect(state.statistics.forgottenRemovals == 1)
    }

    /// A part of the primary is away: who is in the others is paid and moved.
    @Test func thePostponedHoldUpNobody() {
        var diversions = Diversions()
        diversions.found(alice)
        diversions.found(bob)
        for agent in [alice, bob] { _ = diversions.owe(key(1, of: agent), isCounted: true) }
        #expect(diversions.payable.count == 2)
        diversions.postpone([alice])
        #expect(diversions.payable == [key(1, of: bob)])
        var passed = 0
        let nobody = diversions.next(passing: &passed)
        #expect(nobody == nil, "both owe removals")
        _ = diversions.paid([key(1, of: bob)], removed: [true])
        passed = 0
        let next = diversions.next(passing: &passed)
        #expect(next?.agent == bob)
        _ = diversions.beginDraining()
        #expect(diversions.payable == [key(1, of: alice)], "tried again")
    }

    @Test func takesTurns() throws {
        var diversions = Diversions()
        diversions.found(alice)
        diversions.found(bob)
        #expect(try #require(diversions.next()).agent == alice)
        diversions.pass(alice)
        #expect(try #require(diversions.next()).agent == bob)
        let (begins, beginsTwice) = (diversions.beginDraining(), diversions.beginDraining())
        #expect(begins && !beginsTwice)
        diversions.stopDraining()
        let beginsAgain = diversions.beginDraining()
        #expect(beginsAgain)
    }

    /// While the primary is away anybody may be written to.
    @Test func whoHasNothingInTheFileIsForgotten() {
        var diversions = Diversions()
        diversions.began([alice, bob])
        diversions.ended([alice, bob], stored: [bob])
        #expect(!diversions.isDiverted(alice) && diversions.isDiverted(bob))
        diversions.began([bob])
        diversions.ended([bob])
        #expect(diversions.isDiverted(bob), "an earlier message of his is there")
    }

    @Test func aPageIsWithoutWhatIsOwedAndNeverTheLast() {
        var diversions = Diversions()
        diversions.found(bob)
        let queued = (UInt64(1)...3).map { QueuedMessage(sequence: Int64($0), message: Sample.message($0)) }
        let page = Result<QueuePage, StoreFailure>.success(QueuePage(messages: queued, isLast: true))
        func load(_ meanwhile: () -> Void = {}) -> [QueuedMessage]? {
            diversions.loadBegan(bob)
            meanwhile()
            guard case .success(let page) = diversions.loadEnded(bob, page) else { return nil }
            return page.isLast ? nil : page.messages
        }
        #expect(load() == queued)
        _ = diversions.owe(queued[0].message.key, isCounted: true)
        #expect(load() == Array(queued[1...]))
        // Removed from the primary after it was read.
        #expect(load { _ = diversions.paid(diversions.payable, removed: [true]) } == Array(queued[1...]))
        for queued in queued { _ = diversions.owe(queued.message.key, isCounted: true) }
        #expect(load() == nil)
    }

    @Test func whatIsOwedIsNotToldAsExpired() {
        var diversions = Diversions()
        diversions.found(alice)
        _ = diversions.owe(key(1, of: alice), isCounted: true)
        let (told, owed, unknown) = diversions.expired([key(1, of: alice), key(2, of: alice)])
        #expect(told == [key(2, of: alice)])
        #expect(owed == [key(1, of: alice)])
        #expect(unknown == 0)
        #expect(diversions.payable.isEmpty && diversions.countedTwice == 0)
    }
}
