import Testing
import WireProtocol

/// Identifiers as a sender would make them up to meet in one table.
@Suite struct IdentifierHashingTests {
    private static let count: UInt64 = 4_096
    /// Seeds as dictionaries have them: addresses of the heap.
    private static let seeds = [0, 0x7F3A_1C00_4A20, 0x7FFF_F7D0_0010]

    private func agent(_ words: UInt64...) -> AgentHash {
        words.withUnsafeBytes { AgentHash($0) }
    }

    /// At most so many of 4,096 in one of 4,096 buckets: with chance alone, 12 would be one in a million.
    private func largestBucket(_ hashes: [Int]) -> Int {
        Dictionary(grouping: hashes) { $0 & 4_095 }.values.map(\.count).max() ?? 0
    }

    @Test(arguments: seeds) func agentsThatDifferInOneWordDoNotMeet(seed: Int) {
        for word in 0..<4 {
            let hashes = (0..<Self.count).map { number in
                var words: [UInt64] = [1, 2, 3, 4]
                words[word] = number
                return agent(words[0], words[1], words[2], words[3])._rawHashValue(seed: seed)
            }
            #expect(Set(hashes).count == hashes.count, "word \(word)")
            #expect(largestBucket(hashes) < 16, "word \(word)")
        }
    }

    /// High bits only: a product by an address would leave the low ones alone.
    @Test(arguments: seeds) func stepsOfALargePowerDoNotMeet(seed: Int) {
        let hashes = (0..<Self.count).map { agent(0x7F3A << 32, $0 << 40, 0, 0)._rawHashValue(seed: seed) }
        #expect(largestBucket(hashes) < 16)
    }

    @Test(arguments: seeds) func oneIDToManyRecipientsDoesNotMeet(seed: Int) {
        let (id, sender) = (MessageID.random(), agent(9, 9, 9, 9))
        let hashes = (0..<Self.count).map { id.hashValue(from: sender, to: agent(7, 7, $0, 7), seed: seed) }
        #expect(Set(hashes).count == hashes.count)
        #expect(largestBucket(hashes) < 16)
    }

    @Test func equalIdentifiersHashAlike() {
        let (one, other) = (agent(1, 2, 3, 4), agent(1, 2, 3, 4))
        #expect(one == other && one._rawHashValue(seed: 5) == other._rawHashValue(seed: 5))
        let id = MessageID.random()
        #expect(Dictionary([(id, 1)]) { $1 }[id] == 1)
    }
}
