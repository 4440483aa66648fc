import Testing
import WireProtocol

@Suite struct FrameHeaderTests {
    private static func decode(_ bytes: [UInt8]) throws -> FrameHeader {
        try bytes.withUnsafeBytes { try FrameHeader(decoding: $0.baseAddress!) }
    }

    private static func header(
        magic: [UInt8] = [0x4D, 0x52],
        version: UInt8 = 1,
        type: UInt8 = 0x20,
        flags: UInt8 = 0,
        length: [UInt8] = [0, 0, 0, 0]
    ) -> [UInt8] {
        magic + [version, type, flags] + length + [0, 0, 0, 0] + [0, 0, 0, 1]
    }

    @Test(
        arguments: [
            (1, 0, 0), (.max, .max, FrameHeader.maxPayloadBytes), (0, 1, 1), (0x0102_0304, 0x0506_0708, 0x090A0B),
        ] as [(UInt32, UInt32, Int)]
    )
    func roundTrip(stream: UInt32, sequence: UInt32, length: Int) throws {
        let header = FrameHeader(
            type: .error,
            flags: FrameFlags(rawValue: 0xFF),
            payloadLength: length,
            streamID: stream,
            sequence: sequence
        )
        var bytes = [UInt8](repeating: 0, count: FrameHeader.byteCount)
        bytes.withUnsafeMutableBytes { header.write(to: $0.baseAddress!) }
        #expect(try Self.decode(bytes) == header)
        #expect(header.frameLength == length + 21)
    }

    @Test func everyTypeByteIsRead() throws {
        let known = try (0...UInt8.max).filter { try Self.decode(Self.header(type: $0)).type != nil }
        #expect(known == [1, 2, 3, 4, 5, 0x10, 0x11, 0x12, 0x20, 0x21, 0x30, 0x31, 0x32, 0x33, 0x40, 0xFF])
    }

    @Test func whatIsNoHeader() {
        #expect(throws: FrameHeader.DecodingError.magic(received: 0x524D)) {
            try Self.decode(Self.header(magic: [0x52, 0x4D]))
        }
        for version in [0, 2, 255] as [UInt8] {
            #expect(throws: FrameHeader.DecodingError.version(received: version)) {
                try Self.decode(Self.header(version: version))
            }
        }
        #expect(throws: FrameHeader.DecodingError.length(received: 16 * 1024 * 1024 + 1)) {
            try Self.decode(Self.header(length: [1, 0, 0, 1]))
        }
        #expect(throws: FrameHeader.DecodingError.length(received: Int(UInt32.max))) {
            try Self.decode(Self.header(length: [255, 255, 255, 255]))
        }
    }

    @Test(
        arguments: [(0, .critical), (1, .high), (64, .high), (65, .normal), (128, .normal), (129, .low)]
            as [(UInt8, Lane)]
    )
    func lanes(priority: UInt8, lane: Lane) { #expect(Lane(priority: priority) == lane) }

    @Test func lanesOfBulkAndPriorityFlag() {
        #expect(Lane(priority: 192) == .low)
        #expect(Lane(priority: 193) == .bulk)
        #expect(Lane(priority: 255) == .bulk)
        var routing = Wire.routing()
        #expect(routing.lane(flags: .priority) == .high)
        routing.priority = 192
        #expect(routing.lane(flags: .priority) == .low)
    }

    @Test func deliveryByteBeatsFlag() {
        #expect(Wire.routing(delivery: 0).mode(flags: []) == .bestEffort)
        #expect(Wire.routing(delivery: 0).mode(flags: .ackRequested) == .atLeastOnce)
        #expect(Wire.routing(delivery: 1).mode(flags: .ackRequested) == .bestEffort)
        #expect(Wire.routing(delivery: 3).mode(flags: []) == .exactlyOnce)
        #expect(Wire.routing(delivery: 4).mode(flags: []) == nil)
    }

    @Test(arguments: [
        "00112233-4455-6677-8899-aabbccddeef", "00112233-4455-6677-8899-aabbccddeeff0",
        "001122334455-6677-8899-aabbccddeeff-", "00112233445566778899aabbccddeeff", "",
        "00112233-4455-6677-8899-aabbccddeefg", "00112233-4455-6677-8899_aabbccddeeff",
    ])
    func noUUID(text: String) { #expect(MessageID(uuid: text) == nil) }

    @Test func uuidInEitherCase() {
        #expect(MessageID(uuid: "00112233-4455-6677-8899-AABBCCDDEEFF") == Wire.id)
        #expect(Wire.id.description == "00112233-4455-6677-8899-aabbccddeeff")
        #expect(Wire.id.bytes == (0..<16).map { UInt8($0 * 17) })
    }
}
