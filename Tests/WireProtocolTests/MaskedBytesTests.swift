import Testing
import WireProtocol

@Suite struct MaskedBytesTests {
    private static let key: UInt32 = 0xA1B2_C3D4

    /// Every length around the 16-byte vector loop, from every phase of the key, leaves what follows alone.
    @Test(arguments: 0..<4)
    func copyAtEveryLength(phase: Int) {
        let plain = (0..<80).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        let masked = Wire.masked(plain, key: Self.key)
        masked.withUnsafeBytes { bytes in
            let whole = MaskedBytes(base: bytes.baseAddress!, count: bytes.count, key: Self.key)
            for length in 0...70 {
                let slice = whole[phase..<phase + length]
                var copy = [UInt8](repeating: 0xEE, count: length + 8)
                copy.withUnsafeMutableBytes { slice.copy(to: $0.baseAddress!) }
                #expect(Array(copy.prefix(length)) == Array(plain[phase..<phase + length]))
                #expect(copy.suffix(8).allSatisfy { $0 == 0xEE })
                #expect(slice.plain == Array(plain[phase..<phase + length]))
            }
        }
    }

    @Test func slicesOfSlices() {
        let plain = (0..<64).map { UInt8($0) }
        let masked = Wire.masked(plain, key: Self.key)
        masked.withUnsafeBytes { bytes in
            let whole = MaskedBytes(base: bytes.baseAddress!, count: bytes.count, key: Self.key)
            for first in 0..<9 {
                for second in 0..<9 {
                    #expect(whole[first..<60][second..<40].plain == Array(plain[first + second..<first + 40]))
                }
            }
        }
    }

    @Test func keyOfZerosIsNoMask() {
        let plain: [UInt8] = [1, 2, 3, 4, 5]
        plain.withUnsafeBytes { #expect(MaskedBytes(plain: $0)[1..<4].plain == [2, 3, 4]) }
        UnsafeRawBufferPointer(start: nil, count: 0).withMemoryRebound(to: UInt8.self) { empty in
            #expect(MaskedBytes(plain: UnsafeRawBufferPointer(empty)).plain == [])
        }
    }

    @Test func rotationGoesRoundInFour() {
        for offset in 0..<12 {
            #expect(MaskedBytes.rotate(Self.key, by: offset) == MaskedBytes.rotate(Self.key, by: offset + 4))
        }
    }
}
