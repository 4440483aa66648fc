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

    @Test func whoWasReadBeforeMoreCameStaysDiverted() throws {
        var diversions = Diversions()
        diversions.began([alice])
        #expect(try #require(diversions.next()).mark == nil, "a batch under way")
        diversions.ended([alice])
        let mark = try #require(diversions.next()).mark
        diversions.began([alice])
        diversions.ended([alice])
        let isSettledEarly = diversions.settled(alice, mark: mark)
        #expect(!isSettledEarly)
        let isSettledUnderWay = diversions.settled(alice, mark: nil)
        #expect(!isSettledUnderWay)
        let isSettled = diversions.settled(alice, mark: try #require(diversions.next()).mark)
        #expect(isSettled)
        #expect(!diversions.isDiverted(alice))
        #expect(diversions.next() == nil)
    }

    @Test func nobodySettlesOwingRemovals() throws {
        var diversions = Diversions()
        diversions.divert(alice)
        let owes = diversions.owe(key(1, of: alice), isCounted: true)
        #expect(owes)
        let owesAgain = diversions.owe(key(1, of: alice), isCounted: true)
        #expect(owesAgain)
        let owesSecond = diversions.owe(key(2, of: alice), isCounted: false)
        #expect(owesSecond)
        #expect(diversions.countedTwice == 1)
        let next = try #require(diversions.next())
        #expect(Set(next.owed) == [key(1, of: alice), key(2, of: alice)])
        let isSettledOwing = diversions.settled(alice, mark: next.mark)
        #expect(!isSettledOwing)
        diversions.paid(next.owed)
        #expect(diversions.countedTwice == 0)
        let isSettled = diversions.settled(alice, mark: next.mark)
        #expect(isSettled)
    }

    @Test func owesNoMoreThanItsBound() {
        var diversions = Diversions()
        diversions.divert(alice)
        for number in 0..<UInt64(Diversions.maxOwed) {
            _ = diversions.owe(key(number, of: alice), isCounted: true)
        }
        let more = key(.max, of: alice)
        let hasRoom = diversions.owe(more, isCounted: true)
        #expect(!hasRoom)
        diversions.paid([key(0, of: alice)])
        let hasRoomAgain = diversions.owe(more, isCounted: true)
        #expect(hasRoomAgain)
    }

    @Test func takesTurns() throws {
        var diversions = Diversions()
        diversions.divert(alice)
        diversions.divert(bob)
        #expect(try #require(diversions.next()).agent == alice)
        diversions.pass(alice)
        #expect(try #require(diversions.next()).agent == bob)
        let begins = diversions.beginDraining()
        #expect(begins)
        let beginsTwice = diversions.beginDraining()
        #expect(!beginsTwice)
        diversions.stopDraining()
        let beginsAgain = diversions.beginDraining()
        #expect(beginsAgain)
    }

    @Test func aPageIsWithoutWhatIsOwedAndNeverTheLast() throws {
        var diversions = Diversions()
        diversions.divert(Sample.agent(2))
        let queued = (UInt64(1)...2).map { QueuedMessage(sequence: Int64($0), message: Sample.message($0)) }
        let page = QueuePage(messages: queued, isLast: true)
        #expect(diversions.cut(page) == .success(QueuePage(messages: queued, isLast: false)))
        _ = diversions.owe(queued[0].message.key, isCounted: true)
        #expect(diversions.cut(page) == .success(QueuePage(messages: [queued[1]], isLast: false)))
        _ = diversions.owe(queued[1].message.key, isCounted: true)
        #expect(diversions.cut(page) == .failure(SpillingStore.waiting))
    }
}
