import Testing
import WireProtocol

/// Against frames computed in Python from `struct.pack` and a byte-wise mask: payload byte i is (7 i + n) mod 256.
@Suite struct WebSocketEncoderTests {
    @Test(
        arguments: [
            (0, "828037fa213d", 0x5204_CB0E, "8200"), (1, "828137fa213d36", 0x310E_807D, "8201"),
            (5, "828537fa213d32f6322716", 0xC0E1_E862, "8205"),
            (125, "82fd37fa213d4a7eaaafae5a8693", 0x84BD_29C, "827d"),
            (126, "82fe007e37fa213d497fadaead5b", 0xDFFB_8A89, "827e007e"),
            (127, "82fe007f37fa213d487caca9ac58", 0x65C5_84B9, "827e007f"),
            (65_535, "82feffff37fa213dc8fc2c292cd8", 0xEE07_57DC, "827effff"),
            (65_536, "82ff000000000001000037fa213d", 0xE49E_01F, "827f0000000000010000"),
            (70_001, "82ff000000000001117137fa213d", 0xBD46_EA26, "827f0000000000011171"),
        ] as [(Int, String, UInt32, String)]
    )
    func framesAsPythonMakesThem(count: Int, start: String, checksum: UInt32, head: String) {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ count) }
        let key = [UInt8]([0x37, 0xFA, 0x21, 0x3D]).withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
        let masked = WebSocketEncoder.masked(.binary, payload: payload, key: key)
        #expect(masked.prefix(14).map(Self.hex).joined() == start)
        #expect(masked.withUnsafeBytes { Checksum.crc32($0.baseAddress!, count: $0.count) } == checksum)

        var plain = [UInt8](repeating: 0xEE, count: WebSocketEncoder.maxHeaderLength)
        plain.withUnsafeMutableBytes { WebSocketEncoder.writeBinaryHeader(payload: count, to: $0.baseAddress!) }
        let length = WebSocketEncoder.headerLength(payload: count)
        #expect(plain.prefix(length).map(Self.hex).joined() == head)
        #expect(plain.dropFirst(length).allSatisfy { $0 == 0xEE })
    }

    @Test func controlFrames() {
        #expect(WebSocketEncoder.control(.pong, payload: [1, 2]) == [0x8A, 2, 1, 2])
        #expect(WebSocketEncoder.control(.close, payload: []) == [0x88, 0])
        #expect(WebSocketEncoder.close(code: 1002, reason: "no") == [0x88, 4, 0x03, 0xEA, 0x6E, 0x6F])
    }

    /// 123 bytes are room for 61 characters of two bytes, and the half of another.
    @Test func aLongReasonIsCutBetweenCharacters() {
        let frame = WebSocketEncoder.close(code: 1000, reason: String(repeating: "ü", count: 100))
        #expect(frame.count == 2 + 2 + 122)
        #expect(String(validating: frame[4...], as: UTF8.self) == String(repeating: "ü", count: 61))
        #expect(WebSocketReader.events(frame, role: .client) == [.close(1000)])
    }

    private static func hex(_ byte: UInt8) -> String {
        String(byte >> 4, radix: 16) + String(byte & 0xF, radix: 16)
    }
}
