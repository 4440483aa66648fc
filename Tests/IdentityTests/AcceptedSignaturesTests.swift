import Testing

@testable import Identity

@Suite struct AcceptedSignaturesTests {
    private func signature(_ number: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt64(number).littleEndian) { Array($0) + [UInt8](repeating: 7, count: 56) }
    }

    @Test func theOldestGoesForANewOne() {
        var accepted = AcceptedSignatures()
        for number in 0..<AcceptedSignatures.capacity { accepted.insert(signature(number)) }
        accepted.insert(signature(1))
        #expect(accepted.contains(signature(0)), "a known one takes no room")
        accepted.insert(signature(AcceptedSignatures.capacity))
        #expect(!accepted.contains(signature(0)))
        #expect(accepted.contains(signature(1)))
        #expect(accepted.contains(signature(AcceptedSignatures.capacity)))
        accepted.insert(signature(AcceptedSignatures.capacity + 1))
        #expect(!accepted.contains(signature(1)))
    }
}
