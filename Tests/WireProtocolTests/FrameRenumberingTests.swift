import Testing
import WireProtocol

@Suite struct FrameRenumberingTests {
    private static func frame(payload: Int, sequence: UInt32) -> [UInt8] {
        let header = FrameHeader(type: .message, payloadLength: payload, sequence: sequence)
        return Wire.frame(header, (0..<payload).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ payload) })
    }

    /// Lengths that share slots of the table, on both sides of its making, and every bit of the sequence number.
    @Test func givesTheFrameAnotherNumberWouldHave() {
        var renumbering = FrameRenumbering()
        var random = SplitMix64(state: 7)
        for payload in [96, 96, 352, 4_192, 97, 1_120, 96, 100_000, 4_192, 128, 352] {
            for bit in 0..<32 {
                var frame = Self.frame(payload: payload, sequence: UInt32(truncatingIfNeeded: random.next()))
                let sequence = UInt32(truncatingIfNeeded: random.next()) ^ 1 << UInt32(bit)
                frame.withUnsafeMutableBytes {
                    renumbering.renumber($0.baseAddress!, length: $0.count, to: sequence)
                }
                #expect(frame == Self.frame(payload: payload, sequence: sequence), "\(payload) bytes, bit \(bit)")
            }
        }
    }

    @Test func lengthsThatNeverRepeat() {
        var renumbering = FrameRenumbering()
        for payload in 0..<600 {
            var frame = Self.frame(payload: payload, sequence: 1)
            frame.withUnsafeMutableBytes { renumbering.renumber($0.baseAddress!, length: $0.count, to: .max) }
            #expect(frame == Self.frame(payload: payload, sequence: .max))
        }
    }

    /// Whatever happened to the bytes after they were checked, the checksum tells of it: it is not made anew from them.
    @Test func doesNotCoverDamageUp() {
        var renumbering = FrameRenumbering()
        for _ in 0..<2 {
            var other = Self.frame(payload: 300, sequence: 1)
            other.withUnsafeMutableBytes { renumbering.renumber($0.baseAddress!, length: $0.count, to: 2) }
        }
        var frame = Self.frame(payload: 300, sequence: 1)
        frame[100] ^= 4
        frame.withUnsafeMutableBytes { bytes in
            renumbering.renumber(bytes.baseAddress!, length: bytes.count, to: 2)
            let plain = MaskedBytes(plain: UnsafeRawBufferPointer(bytes))
            let header = FrameHeader(type: .message, payloadLength: 300, sequence: 2)
            #expect(InboundFrame(header: header, bytes: plain).verifiedPayload() == nil)
        }
    }
}
