import WireProtocol

/// A decoder fed as a socket feeds it: in pieces, with what was left over in front of the next.
struct WebSocketReader {
    enum Event: Equatable {
        /// All payload of one binary message.
        case message([UInt8])
        case text, pong
        case ping([UInt8])
        case close(UInt16?)
        case violation(WebSocketViolation)
    }

    private var decoder: WebSocketDecoder
    private var leftover: [UInt8] = []
    private(set) var partial: [UInt8] = []
    private(set) var events: [Event] = []
    /// The most that was left over between two pieces.
    private(set) var maxLeftover = 0
    private(set) var isOver = false
    private let goesOnAfterText: Bool

    init(role: WebSocketDecoder.Role = .server, goesOnAfterText: Bool = false) {
        decoder = WebSocketDecoder(role: role)
        self.goesOnAfterText = goesOnAfterText
    }

    static func events(_ bytes: [UInt8], role: WebSocketDecoder.Role = .server) -> [Event] {
        var reader = WebSocketReader(role: role)
        reader.feed(bytes)
        return reader.events
    }

    mutating func feed(_ piece: [UInt8]) {
        guard !isOver else { return }
        let bytes = leftover + piece
        let used = bytes.withUnsafeBytes { bytes in
            var input = bytes
            while !isOver, take(decoder.next(&input)) {}
            return bytes.count - input.count
        }
        leftover = Array(bytes[used...])
        maxLeftover = max(maxLeftover, isOver ? 0 : leftover.count)
    }

    /// - Returns: false where more is needed.
    private mutating func take(_ event: WebSocketDecoder.Event) -> Bool {
        switch event {
        case .needMore: return false
        case .data(let piece, let endsMessage):
            partial += piece.plain
            guard endsMessage else { return true }
            events.append(.message(partial))
            partial = []
        case .ping(let payload): events.append(.ping(payload))
        case .pong: events.append(.pong)
        case .text where goesOnAfterText: events.append(.text)
        case .text: end(.text)
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

/// RFC 6455 section 5.2, written anew for these tests.
enum RawWebSocket {
    static let key: UInt32 = 0x3D21_FA37

    static func frame(
        _ opcode: UInt8,
        _ payload: [UInt8] = [],
        final: Bool = true,
        reserved: UInt8 = 0,
        key: UInt32? = key,
        length form: Int? = nil
    ) -> [UInt8] {
        let count = payload.count
        let form = form ?? (count < 126 ? 7 : count < 65_536 ? 16 : 64)
        let mask: UInt8 = key == nil ? 0 : 0x80
        var bytes = [(final ? 0x80 : 0) | reserved | opcode]
        switch form {
        case 7: bytes.append(mask | UInt8(count))
        case 16: bytes += [mask | 126, UInt8(count >> 8), UInt8(count & 0xFF)]
        default: bytes += [mask | 127] + stride(from: 56, through: 0, by: -8).map { UInt8(count >> $0 & 0xFF) }
        }
        guard let key else { return bytes + payload }
        return bytes + withUnsafeBytes(of: key) { Array($0) } + Wire.masked(payload, key: key)
    }

    static func close(_ code: UInt16, _ reason: [UInt8] = []) -> [UInt8] {
        frame(0x8, [UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
    }
}
