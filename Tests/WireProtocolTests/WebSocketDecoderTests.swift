import Testing
import WireProtocol

/// RFC 6455 sections 5.2 to 5.5 and 7.4, rule by rule.
@Suite struct WebSocketDecoderTests {
    typealias Event = WebSocketReader.Event

    @Test(arguments: [0, 1, 5, 125, 126, 127, 255, 65_535, 65_536, 70_001])
    func messagesAtTheEdgesOfTheirLengths(count: Int) {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
        #expect(WebSocketReader.events(RawWebSocket.frame(0x2, payload)) == [.message(payload)])
        #expect(
            WebSocketReader.events(RawWebSocket.frame(0x2, payload, key: nil), role: .client) == [.message(payload)]
        )
    }

    @Test(
        arguments: [
            (RawWebSocket.frame(0x2, [1], key: nil), WebSocketViolation.unmasked),
            (RawWebSocket.frame(0x2, [1], reserved: 0x40), .reservedBits),
            (RawWebSocket.frame(0x2, [1], reserved: 0x20), .reservedBits),
            (RawWebSocket.frame(0x2, [1], reserved: 0x10), .reservedBits),
            (RawWebSocket.frame(0x3), .opcode(0x3)), (RawWebSocket.frame(0x7), .opcode(0x7)),
            (RawWebSocket.frame(0xB), .opcode(0xB)), (RawWebSocket.frame(0xF), .opcode(0xF)),
            (RawWebSocket.frame(0x8, final: false), .controlFrame),
            (RawWebSocket.frame(0x9, final: false), .controlFrame),
            (RawWebSocket.frame(0x9, [UInt8](repeating: 1, count: 126)), .controlFrame),
            (RawWebSocket.frame(0xA, [UInt8](repeating: 1, count: 70_000)), .controlFrame),
            (RawWebSocket.frame(0x9, [1], length: 16), .controlFrame),
            (RawWebSocket.frame(0x0, [1]), .continuationWithoutMessage),
            (RawWebSocket.frame(0x2, [1], final: false) + RawWebSocket.frame(0x2, [2]), .messageInsideMessage),
            (RawWebSocket.frame(0x2, [1], final: false) + RawWebSocket.frame(0x1, [2]), .messageInsideMessage),
            (RawWebSocket.frame(0x2, final: false) + RawWebSocket.frame(0x2, [2]), .messageInsideMessage),
            (RawWebSocket.frame(0x2, [1], length: 16), .length), (RawWebSocket.frame(0x2, [1], length: 64), .length),
            (RawWebSocket.frame(0x2, [UInt8](repeating: 0, count: 65_535), length: 64), .length),
            ([0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4], .length),
            ([0x82, 0xFF] + [UInt8](repeating: 0xFF, count: 12), .length),
            (RawWebSocket.frame(0x8, [3]), .closePayload),
            (RawWebSocket.close(1000, [0xFF]), .closeReason), (RawWebSocket.close(1000, [0xC3]), .closeReason),
            (RawWebSocket.close(1000, [0xED, 0xA0, 0x80]), .closeReason),
        ] as [([UInt8], WebSocketViolation)]
    )
    func violations(bytes: [UInt8], violation: WebSocketViolation) {
        #expect(WebSocketReader.events(bytes).last == .violation(violation))
        #expect(violation.closeCode == (violation == .closeReason ? 1007 : 1002))
        #expect(violation.reason.utf8.count <= 123)
    }

    @Test func aClientTakesNoMask() {
        #expect(WebSocketReader.events(RawWebSocket.frame(0x2, [1]), role: .client) == [.violation(.masked)])
    }

    /// The largest length that is one announces itself and costs nothing.
    @Test func twoToTheSixtyThreeLessOne() {
        var reader = WebSocketReader()
        reader.feed([0x82, 0xFF, 0x7F] + [UInt8](repeating: 0xFF, count: 7) + [0, 0, 0, 0, 9, 8, 7])
        #expect(reader.partial == [9, 8, 7])
        #expect(reader.events == [])
    }

    @Test func controlFramesBetweenFragments() {
        let bytes =
            RawWebSocket.frame(0x2, [1, 2], final: false) + RawWebSocket.frame(0x9, [7])
            + RawWebSocket.frame(0x0, [3], final: false) + RawWebSocket.frame(0xA)
            + RawWebSocket.frame(0x0, final: false)
            + RawWebSocket.frame(0x0, [4, 5]) + RawWebSocket.frame(0x2, [6])
        #expect(WebSocketReader.events(bytes) == [.ping([7]), .pong, .message([1, 2, 3, 4, 5]), .message([6])])
    }

    @Test func anEmptyLastFragmentEndsTheMessage() {
        let bytes = RawWebSocket.frame(0x2, [1], final: false) + RawWebSocket.frame(0x0) + RawWebSocket.frame(0x2, [2])
        #expect(WebSocketReader.events(bytes) == [.message([1]), .message([2])])
    }

    @Test func textIsToldBeforeItsPayload() {
        #expect(WebSocketReader.events(Array(RawWebSocket.frame(0x1, [0x61]).prefix(6))) == [.text])
        #expect(WebSocketReader.events(RawWebSocket.frame(0x1, [], final: false)) == [.text])
    }

    /// For an endpoint that takes text; the relay stops at the first word of it.
    @Test func thePayloadOfTextFollows() {
        let stream =
            RawWebSocket.frame(0x1, [0x48], final: false) + RawWebSocket.frame(0x9) + RawWebSocket.frame(0x0, [0x69])
            + RawWebSocket.frame(0x1) + RawWebSocket.frame(0x2, [1]) + RawWebSocket.frame(0x1, [0x21])
        let events: [Event] = [
            .text, .ping([]), .message([0x48, 0x69]), .text, .message([]), .message([1]), .text, .message([0x21]),
        ]
        var whole = WebSocketReader(goesOnAfterText: true)
        whole.feed(stream)
        #expect(whole.events == events)
        var byByte = WebSocketReader(goesOnAfterText: true)
        for byte in stream { byByte.feed([byte]) }
        #expect(byByte.events == events)
    }

    @Test func closePayloads() {
        #expect(WebSocketReader.events(RawWebSocket.frame(0x8)) == [.close(nil)])
        #expect(WebSocketReader.events(RawWebSocket.close(1000)) == [.close(1000)])
        #expect(WebSocketReader.events(RawWebSocket.close(4999, Array("größer".utf8))) == [.close(4999)])
        let longest = [UInt8](repeating: 0x61, count: 123)
        #expect(WebSocketReader.events(RawWebSocket.close(1001, longest)) == [.close(1001)])
    }

    /// Section 7.4 and the registry it founded.
    @Test func closeCodes() {
        let taken = (0...UInt16.max).filter { WebSocketReader.events(RawWebSocket.close($0)) == [.close($0)] }
        #expect(taken == Array(1000...1003) + Array(1007...1014) + Array(3000...4999))
        #expect(WebSocketReader.events(RawWebSocket.close(1005)) == [.violation(.closeCode(1005))])
    }

    @Test func nothingIsCollected() {
        var reader = WebSocketReader()
        let ping = RawWebSocket.frame(0x9, [UInt8](repeating: 1, count: 125))
        for byte in RawWebSocket.frame(0x2, [UInt8](repeating: 2, count: 70_000)) + ping { reader.feed([byte]) }
        #expect(reader.events.count == 2)
        #expect(reader.maxLeftover == 130)
    }

    /// Whatever the cuts, the same events; the seed is fixed.
    @Test func anySplitReadsTheSame() {
        var random = SplitMix64(state: 6455)
        for _ in 0..<300 {
            let stream = Self.stream(&random)
            let whole = WebSocketReader.events(stream)
            var byByte = WebSocketReader()
            for byte in stream { byByte.feed([byte]) }
            #expect(byByte.events == whole)
            var cut = WebSocketReader()
            var rest = stream[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...400, using: &random)
                cut.feed(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(cut.events == whole)
            #expect(cut.partial == byByte.partial)
        }
    }

    /// Messages in fragments with control frames between them, some ended by a violation.
    private static func stream(_ random: inout SplitMix64) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let fragments = Int.random(in: 1...4, using: &random)
            for index in 0..<fragments {
                bytes += frame(index == 0 ? 0x2 : 0x0, final: index == fragments - 1, upTo: 300, &random)
                if Bool.random(using: &random) { bytes += frame(0x9, final: true, upTo: 125, &random) }
            }
        }
        if UInt8.random(in: 0..<4, using: &random) == 0 {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
        }
        return bytes
    }

    private static func frame(_ opcode: UInt8, final: Bool, upTo: Int, _ random: inout SplitMix64) -> [UInt8] {
        let payload = (0..<Int.random(in: 0...upTo, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next())
        }
        return RawWebSocket.frame(opcode, payload, final: final, key: UInt32(truncatingIfNeeded: random.next()))
    }
}
