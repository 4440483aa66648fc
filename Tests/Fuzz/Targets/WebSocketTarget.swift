import WireProtocol

/// RFC 6455 framing: what is read does not depend on where the stream was cut, at most a frame head is left over, and
/// what our encoder writes is read as it was meant.
enum WebSocketTarget {
    static func run(_ input: [UInt8]) {
        var script = Script(input)
        let role: WebSocketDecoder.Role = script.flag() ? .client : .server
        let seed = script.byte()
        let stream = script.rest()
        let readings = cuttings(of: stream, seed: seed).map { WebSocketReading(of: $0, as: role) }
        expect(readings[1] == readings[0], "read otherwise byte by byte")
        expect(readings[2] == readings[0], "read otherwise in pieces")
        readWritten(readings[0], key: UInt32(seed) &* 0x0101_0203)
        readClose(reason: String(decoding: stream, as: UTF8.self))
    }

    /// Whole messages and control frames survive our own encoder, masked.
    private static func readWritten(_ reading: WebSocketReading, key: UInt32) {
        let whole = reading.events.filter { $0.isWhole }
        let written = whole.flatMap { event -> [UInt8] in
            switch event {
            case .message(let payload): WebSocketEncoder.masked(.binary, payload: payload, key: key)
            case .ping(let payload): WebSocketEncoder.masked(.ping, payload: payload, key: key)
            case .pong: WebSocketEncoder.masked(.pong, payload: [], key: key)
            default: []
            }
        }
        expect(WebSocketReading(of: [written[...]], as: .server).events == whole, "our own frames are read otherwise")
    }

    private static func readClose(reason: String) {
        let frame = WebSocketEncoder.close(code: 1000, reason: reason)
        expect(WebSocketReading(of: [frame[...]], as: .client).events == [.close(1000)], "our close frame is wrong")
    }
}

/// All that a decoder made of a stream, up to the event that ends the connection.
private struct WebSocketReading: Equatable {
    enum Event: Equatable {
        case message([UInt8])
        case text, pong
        case ping([UInt8])
        case close(UInt16?)
        case violation(WebSocketViolation)

        var isWhole: Bool {
            switch self {
            case .message, .ping, .pong: true
            case .text, .close, .violation: false
            }
        }
    }

    private(set) var events: [Event] = []
    /// Of a message that has not ended.
    private var collected: [UInt8] = []
    private var leftover: [UInt8] = []
    private var isOver = false

    init(of pieces: [ArraySlice<UInt8>], as role: WebSocketDecoder.Role) {
        var decoder = WebSocketDecoder(role: role)
        for piece in pieces where !isOver {
            let bytes = leftover + piece
            let used = bytes.withUnsafeBytes { bytes in
                var input = bytes
                while !isOver, take(decoder.next(&input)) {}
                return bytes.count - input.count
            }
            leftover = isOver ? [] : Array(bytes[used...])
            expect(leftover.count <= 139, "\(leftover.count) bytes are left over")
        }
    }

    /// False where more is needed.
    private mutating func take(_ event: WebSocketDecoder.Event) -> Bool {
        switch event {
        case .needMore: return false
        case .data(let piece, let endsMessage):
            collected += piece.plain
            guard endsMessage else { return true }
            events.append(.message(collected))
            collected = []
        case .ping(let payload): events.append(.ping(payload))
        case .pong: events.append(.pong)
        case .text: events.append(.text)
        case .close(let code): end(.close(code))
        case .violation(let violation): end(.violation(violation))
        }
        return true
    }

    private mutating func end(_ event: Event) {
        events.append(event)
        isOver = true
    }
}
