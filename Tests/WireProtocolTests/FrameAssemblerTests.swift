import Testing
import WireProtocol

@Suite struct FrameAssemblerTests {
    private enum Event: Equatable {
        case frame(FrameHeader, payload: [UInt8])
        case skipped(FrameHeader, MessageID)
        case refused(FrameHeader)
        case invalid(FrameHeader.DecodingError)
    }

    /// Feeds plain bytes in pieces, each under a mask of its own; stops where a relay would.
    private struct Reader {
        let assembler = FrameAssembler()
        var limits = FrameLimits(takesMessages: true, maxDocumentBytes: .max, maxMessageBytes: .max)
        var events: [Event] = []
        private var key: UInt32 = 0x0102_0304

        mutating func feed(_ bytes: some Collection<UInt8>) {
            key = key &* 1_664_525 &+ 1_013_904_223
            let key = key
            Wire.masked(Array(bytes), key: key).withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                var piece = MaskedBytes(base: base, count: bytes.count, key: key)
                while take(assembler.next(&piece, limits: limits)) {}
                #expect(isOver || piece.count == 0)
            }
        }

        var isOver: Bool {
            switch events.last {
            case .refused, .invalid: true
            case .frame, .skipped, nil: false
            }
        }

        private mutating func take(_ output: FrameAssembler.Output) -> Bool {
            switch output {
            case .needMore: return false
            case .frame(let frame): events.append(.frame(frame.header, payload: frame.payload.plain))
            case .skipped(let header, let routing): events.append(.skipped(header, routing.id))
            case .refused(let header): events.append(.refused(header))
            case .invalid(let error): events.append(.invalid(error))
            }
            return !isOver
        }
    }

    private static func header(_ type: FrameType, _ count: Int, _ sequence: UInt32) -> FrameHeader {
        FrameHeader(type: type, payloadLength: count, sequence: sequence)
    }

    private static let frames: [(FrameHeader, [UInt8])] = [0, 1, 22, 300, 5, 2_000, 0, 96].enumerated().map {
        index,
        count in
        (header(.ping, count, UInt32(index)), (0..<count).map { UInt8(truncatingIfNeeded: $0 + index) })
    }
    private static let stream = frames.flatMap { Wire.frame($0, $1) }
    private static let expected = frames.map { Event.frame($0, payload: $1) }

    @Test func severalInOnePiece() {
        var reader = Reader()
        reader.feed(Self.stream)
        #expect(reader.events == Self.expected)
        #expect(!reader.assembler.isMidFrame)
    }

    @Test func cutAnywhere() {
        for cut in 1..<Self.stream.count {
            var reader = Reader()
            reader.feed(Self.stream[..<cut])
            reader.feed(Self.stream[cut...])
            #expect(reader.events == Self.expected, "cut at \(cut)")
        }
    }

    @Test(arguments: [1, 2, 3, 7, 16, 17, 18, 113])
    func inPiecesOf(size: Int) {
        var reader = Reader()
        for start in stride(from: 0, to: Self.stream.count, by: size) {
            reader.feed(Self.stream[start..<min(start + size, Self.stream.count)])
        }
        #expect(reader.events == Self.expected)
    }

    @Test func midFrameFromTheFirstByteToTheLast() {
        var reader = Reader()
        let frame = Wire.frame(Self.header(.ping, 3, 1), [1, 2, 3])
        for (index, byte) in frame.enumerated() {
            #expect(reader.assembler.isMidFrame == (index > 0))
            reader.feed([byte])
        }
        #expect(!reader.assembler.isMidFrame)
    }

    /// 16 MiB announced, of which only the routing header is ever held.
    @Test(arguments: [1, 100, 113, 5_000, 1 << 20])
    func anOversizedMessageIsPassedOver(size: Int) {
        var reader = Reader()
        reader.limits = FrameLimits(takesMessages: true, maxDocumentBytes: 1_000, maxMessageBytes: 1_000 - 96)
        let length = size == 1 ? 5_000 : FrameHeader.maxPayloadBytes
        let big = Self.header(.message, length, 1)
        var payload = [UInt8](repeating: 0x5A, count: length)
        payload.replaceSubrange(0..<RoutingHeader.byteCount, with: Wire.message(envelope: 0))
        let bytes = Wire.frame(big, payload) + Wire.frame(Self.header(.ping, 1, 2), [9])
        for start in stride(from: 0, to: bytes.count, by: size) {
            reader.feed(bytes[start..<min(start + size, bytes.count)])
            #expect(reader.assembler.heldBytes <= FrameHeader.byteCount + RoutingHeader.byteCount)
        }
        #expect(reader.events == [.skipped(big, Wire.id), .frame(Self.header(.ping, 1, 2), payload: [9])])
        #expect(!reader.assembler.isMidFrame)
    }

    @Test func aFrameGrowsWithWhatCameOfIt() {
        var reader = Reader()
        let frame = Wire.frame(Self.header(.message, FrameHeader.maxPayloadBytes, 1), [])
        for end in [17, 100, 1_000, 100_000] {
            reader.feed(frame[reader.assembler.heldBytes..<end])
            #expect(reader.assembler.heldBytes == end)
        }
        #expect(reader.events == [])
    }

    @Test(arguments: [1, 17, 40])
    func aRefusedDocumentIsNotRead(size: Int) {
        var reader = Reader()
        reader.limits = FrameLimits(takesMessages: false, maxDocumentBytes: 0, maxMessageBytes: 0)
        let header = Self.header(.auth, 100, 1)
        let bytes = Wire.frame(header, [UInt8](repeating: 1, count: 100))
        for start in stride(from: 0, to: bytes.count, by: size) where !reader.isOver {
            reader.feed(bytes[start..<min(start + size, bytes.count)])
        }
        #expect(reader.events == [.refused(header)])
        #expect(reader.assembler.heldBytes == 17)
    }

    @Test(
        arguments: [
            (0, 0x4E, .magic(received: 0x4E52)), (2, 2, .version(received: 2)),
            (5, 1, .length(received: 16_777_217)),
        ] as [(Int, UInt8, FrameHeader.DecodingError)],
        [1, 100]
    )
    func headersThatAreNone(change: (Int, UInt8, FrameHeader.DecodingError), size: Int) {
        var reader = Reader()
        var bytes = Wire.frame(Self.header(.ping, 1, 1), [1])
        bytes[change.0] = change.1
        for start in stride(from: 0, to: bytes.count, by: size) where !reader.isOver {
            reader.feed(bytes[start..<min(start + size, bytes.count)])
        }
        #expect(reader.events == [.invalid(change.2)])
    }
}
