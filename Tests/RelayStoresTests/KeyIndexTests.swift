import RelayCore
import RelayFixture
import StoreFixtures
import Testing
import WireProtocol

@testable import RelayStores

@Suite struct KeyIndexTests {
    private func key(_ number: Int) -> MessageKey {
        MessageKey(
            recipient: Sample.agent(UInt32(number % 7)),
            sender: Sample.agent(1),
            id: Sample.id(UInt64(number))
        )
    }

    private func sequence(of number: Int, in index: KeyIndex) throws -> Int64? {
        try index.sequence(of: key(number)) { _ in true }
    }

    /// Against a dictionary: 40,000 insertions and removals in an order drawn from a seed, through every size up to
    /// 16,384 slots. Where the keys fall differs from process to process.
    @Test(arguments: 1...3) func holdsWhatADictionaryHolds(seed: Int) throws {
        var random = SeededNumbers(seed: seed)
        var index = KeyIndex()
        var model: [Int: Int64] = [:]
        for step in 1...40_000 {
            let number = Int.random(in: 0..<12_000, using: &random)
            if let sequence = model.removeValue(forKey: number) {
                let isRemoved = index.remove(key(number), sequence: sequence)
                #expect(isRemoved)
            } else {
                index.insert(key(number), sequence: Int64(step))
                model[number] = Int64(step)
            }
        }
        #expect(index.count == model.count)
        for number in 0..<12_000 { #expect(try sequence(of: number, in: index) == model[number]) }
    }

    @Test func removesNoKeyFromASequenceThatIsNotIts() throws {
        var index = KeyIndex()
        index.insert(key(1), sequence: 5)
        let removals = [index.remove(key(1), sequence: 6), index.remove(key(2), sequence: 5)]
        #expect(removals == [false, false])
        #expect(try sequence(of: 1, in: index) == 5)
    }

    @Test func leavesTheLastWordToTheRow() throws {
        var index = KeyIndex()
        index.insert(key(1), sequence: 5)
        index.insert(key(1), sequence: 6)
        #expect(try index.sequence(of: key(1)) { $0 == 6 } == 6)
        #expect(try index.sequence(of: key(1)) { _ in false } == nil)
    }
}
