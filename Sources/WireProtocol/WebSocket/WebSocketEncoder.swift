/// Frame heads and control frames as a server (no mask) or a client (masked) writes them.
public enum WebSocketEncoder {
    /// The longest head of an unmasked frame.
    public static let maxHeaderLength = 10

    public static func headerLength(payload: Int) -> Int {
        payload <= 125 ? 2 : payload <= 0xFFFF ? 4 : 10
    }

    /// Writes the head of a whole, unmasked binary message: `headerLength(payload:)` bytes.
    public static func writeBinaryHeader(
        payload: Int,
        isDeflated: Bool = false,
        to destination: UnsafeMutableRawPointer
    ) {
        writeHeader(.binary, payload: payload, maskBit: 0, to: destination)
        if isDeflated { markDeflated(destination) }
    }

    /// RSV1: of the first frame of a compressed message.
    private static func markDeflated(_ head: UnsafeMutableRawPointer) {
        head.storeBytes(of: head.load(as: UInt8.self) | 0x40, as: UInt8.self)
    }

    /// A whole unmasked message of any size.
    package static func message(_ opcode: WebSocketOpcode, payload: [UInt8], isDeflated: Bool = false) -> [UInt8] {
        precondition(!opcode.isControl)
        var head = [UInt8](repeating: 0, count: headerLength(payload: payload.count))
        head.withUnsafeMutableBytes { writeHeader(opcode, payload: payload.count, maskBit: 0, to: $0.baseAddress!) }
        if isDeflated { head[0] |= 0x40 }
        return head + payload
    }

    /// A whole unmasked control frame.
    /// - Parameter payload: at most 125 bytes.
    public static func control(_ opcode: WebSocketOpcode, payload: [UInt8]) -> [UInt8] {
        precondition(opcode.isControl && payload.count <= 125)
        return [0x80 | opcode.rawValue, UInt8(payload.count)] + payload
    }

    /// A close frame. A reason past 123 bytes is cut.
    public static func close(code: UInt16, reason: String) -> [UInt8] {
        var text = Array(reason.utf8.prefix(123))
        // A cut inside a character would make the reason invalid UTF-8 (section 5.5.1).
        while !text.isEmpty, String(validating: text, as: UTF8.self) == nil { text.removeLast() }
        return control(.close, payload: [UInt8(code >> 8), UInt8(code & 0xFF)] + text)
    }

    /// A whole masked frame, as a client must send it (section 5.3).
    /// - Parameter key: unpredictable for each frame; in memory order.
    public static func masked(_ opcode: WebSocketOpcode, payload: [UInt8], key: UInt32) -> [UInt8] {
        let headerLength = headerLength(payload: payload.count)
        var frame = [UInt8](repeating: 0, count: headerLength + 4 + payload.count)
        frame.withUnsafeMutableBytes { frame in
            let base = frame.baseAddress!
            writeHeader(opcode, payload: payload.count, maskBit: 0x80, to: base)
            (base + headerLength).storeBytes(of: key, as: UInt32.self)
            payload.withUnsafeBytes { payload in
                guard let source = payload.baseAddress else { return }
                MaskedBytes(base: source, count: payload.count, key: key).copy(to: base + headerLength + 4)
            }
        }
        return frame
    }

    private static func writeHeader(
        _ opcode: WebSocketOpcode,
        payload: Int,
        maskBit: UInt8,
        to destination: UnsafeMutableRawPointer
    ) {
        destination.storeBytes(of: 0x80 | opcode.rawValue, as: UInt8.self)
        switch headerLength(payload: payload) {
        case 2:
            destination.storeBytes(of: maskBit | UInt8(payload), toByteOffset: 1, as: UInt8.self)
        case 4:
            destination.storeBytes(of: maskBit | 126, toByteOffset: 1, as: UInt8.self)
            destination.storeBytes(of: UInt16(payload).bigEndian, toByteOffset: 2, as: UInt16.self)
        default:
            destination.storeBytes(of: maskBit | 127, toByteOffset: 1, as: UInt8.self)
            destination.storeBytes(of: UInt64(payload).bigEndian, toByteOffset: 2, as: UInt64.self)
        }
    }
}
