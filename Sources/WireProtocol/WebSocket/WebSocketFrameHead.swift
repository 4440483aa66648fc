public enum WebSocketOpcode: UInt8, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    public var isControl: Bool { rawValue & 0x8 != 0 }
}

/// What a peer did against RFC 6455; each ends the connection.
public enum WebSocketViolation: Error, Equatable, Sendable {
    case reservedBits
    case opcode(UInt8)
    case unmasked
    case masked
    /// Section 5.5: control frames are whole and at most 125 bytes.
    case controlFrame
    /// Section 5.2: a 64-bit length with its top bit set, or a length not in its shortest form.
    case length
    case continuationWithoutMessage
    case messageInsideMessage
    case closePayload
    case closeCode(UInt16)
    case closeReason
    /// A compressed message that does not inflate.
    case deflatedData

    public var reason: String {
        switch self {
        case .reservedBits: "reserved bits set without an extension"
        case .opcode(let code): "unknown opcode \(code)"
        case .unmasked: "client frame without a mask"
        case .masked: "server frame with a mask"
        case .controlFrame: "control frame fragmented or over 125 bytes"
        case .length: "payload length out of range, or not in its shortest form"
        case .continuationWithoutMessage: "continuation without a message"
        case .messageInsideMessage: "new message before the last one ended"
        case .closePayload: "close payload of one byte"
        case .closeCode(let code): "close code \(code) may not be sent"
        case .closeReason: "close reason is not UTF-8"
        case .deflatedData: "compressed message does not inflate"
        }
    }

    public var closeCode: UInt16 { self == .closeReason || self == .deflatedData ? 1007 : 1002 }
}

public enum WebSocketCloseCode {
    /// Section 7.4: what may stand in a close frame.
    public static func mayBeReceived(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

struct WebSocketFrameHead {
    var opcode: WebSocketOpcode
    var isFinal: Bool
    /// RSV1 (RFC 7692 section 6).
    var isDeflated: Bool
    var key: UInt32
    var headerLength: Int
    var payloadLength: Int

    enum Decoding {
        case needMore
        case violation(WebSocketViolation)
        case head(WebSocketFrameHead)
    }

    static func decode(_ input: UnsafeRawBufferPointer, role: WebSocketDecoder.Role) -> Decoding {
        guard input.count >= 2 else { return .needMore }
        let first = input[0]
        let second = input[1]
        guard first & 0x30 == 0 else { return .violation(.reservedBits) }
        guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else { return .violation(.opcode(first & 0x0F)) }
        let isMasked = second & 0x80 != 0
        guard isMasked == (role == .server) else { return .violation(isMasked ? .masked : .unmasked) }
        let isFinal = first & 0x80 != 0
        let short = Int(second & 0x7F)
        guard !opcode.isControl || (isFinal && short <= 125) else { return .violation(.controlFrame) }
        let lengthBytes = short == 127 ? 8 : short == 126 ? 2 : 0
        let headerLength = 2 + lengthBytes + (isMasked ? 4 : 0)
        guard input.count >= headerLength else { return .needMore }
        guard let length = payloadLength(input, short: short) else { return .violation(.length) }
        let key = isMasked ? input.loadUnaligned(fromByteOffset: 2 + lengthBytes, as: UInt32.self) : 0
        return .head(
            WebSocketFrameHead(
                opcode: opcode,
                isFinal: isFinal,
                isDeflated: first & 0x40 != 0,
                key: key,
                headerLength: headerLength,
                payloadLength: length
            )
        )
    }

    private static func payloadLength(_ input: UnsafeRawBufferPointer, short: Int) -> Int? {
        switch short {
        case 127:
            let length = UInt64(bigEndian: input.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
            return length > 0xFFFF ? Int(exactly: length) : nil
        case 126:
            let length = UInt16(bigEndian: input.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
            return length > 125 ? Int(length) : nil
        default: return short
        }
    }
}
