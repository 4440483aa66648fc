import NIOCore
import Testing

@testable import Listening
@testable import RelayTransport

/// Headers damaged by chance, from a seed: whatever comes, it is read the same however it was cut, and in bounds.
@Suite struct ProxyHeaderFuzzTests {
    /// SplitMix64.
    private struct Chance: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static let samples: [[UInt8]] = [
        Array("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nGET / HTTP/1.1\r\n".utf8),
        Array("PROXY TCP6 2001:db8::7 2001:db8::1 65535 0\r\n".utf8), Array("PROXY UNKNOWN\r\n".utf8),
        ProxyHeaderTests.binary(0x21, 0x11, ProxyHeaderTests.ipv4 + [4, 0, 1, 9]) + [0x16, 3, 1],
        ProxyHeaderTests.binary(0x20, 0, []), ProxyHeaderTests.binary(0x21, 0x21, [UInt8](repeating: 7, count: 36)),
    ]

    private static func damaged(_ bytes: [UInt8], by chance: inout Chance) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 0...3, using: &chance) where !bytes.isEmpty {
            let place = Int.random(in: bytes.indices, using: &chance)
            switch Int.random(in: 0...3, using: &chance) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &chance)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(UInt8.random(in: 0...255, using: &chance), at: place)
            default: bytes.insert(contentsOf: bytes[place...].prefix(120), at: place)
            }
        }
        return bytes
    }

    private static func read(_ bytes: ArraySlice<UInt8>) -> ProxyHeader {
        ProxyHeader(ByteBuffer(bytes: bytes).readableBytesView)
    }

    @Test func whereverItIsCutItIsReadTheSame() {
        var chance = Chance(state: 20_261_126)
        var read: [String: Int] = [:]
        for _ in 0..<20_000 {
            let bytes = Self.damaged(Self.samples.randomElement(using: &chance) ?? [], by: &chance)
            // As the handler reads: as much as is there, until it is decided.
            let first = (0...bytes.count).first { Self.read(bytes[..<$0]) != .needMore }
            let whole = Self.read(bytes[...])
            guard let first else {
                #expect(whole == .needMore, "\(bytes)")
                continue
            }
            #expect(Self.read(bytes[..<first]) == whole, "\(bytes)")
            #expect(first <= ProxyHeader.maxBinaryBytes, "\(bytes)")
            if case .client(_, let byteCount) = whole { #expect(byteCount == first, "\(bytes)") }
            read["\(whole)".prefix { $0 != "(" }.description, default: 0] += 1
        }
        for kind in ["client", "malformed", "absent"] { #expect((read[kind] ?? 0) > 500, "\(read)") }
    }
}
