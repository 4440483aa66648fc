/// RFC 6455 framing of one direction of a connection. Feeds on the read buffer and gives payload out where it lies, as
/// soon as it lies there: a data frame is never collected here, so no length a peer declares costs memory.
public struct WebSocketDecoder {
    /// Which side this is; a server takes only masked frames, a client only unmasked ones (section 5.1).
    public enum Role: Sendable { case server, client }

    public enum Event {
        /// The rest of the input is too short to go on; it must come again with more behind it (never over 139 bytes).
        case needMore
        /// A piece of a binary message. `endsMessage` where its last frame ends with it.
        case data(MaskedBytes, endsMessage: Bool)
        /// A text message begins, and its payload follows as `data`, not looked at. This protocol has none.
        case text
        case ping([UInt8])
        case pong
        /// nil where the peer gave no code.
        case close(code: UInt16?)
        case violation(WebSocketViolation)
    }

    private static let wholeMessageHeader = 8

    private let role: Role
    /// permessage-deflate was negotiated: RSV1 of a message's first frame has a meaning.
    public var takesDeflated = false
    /// The message that `data` is of is compressed (RFC 7692 section 7.2.2).
    public private(set) var isDeflated = false
    private var state = State.header
    /// A message has begun and its last frame has not.
    private var isInsideMessage = false
    private var isTextTold = false

    private enum State {
        case header
        case payload(remaining: Int, key: UInt32, isFinal: Bool)
    }

    public init(role: Role) { self.role = role }

    /// Takes what it can use from the front of `input`, one event a call.
    public mutating func next(_ input: inout UnsafeRawBufferPointer) -> Event {
        switch state {
        case .payload(let remaining, let key, let isFinal):
            return payload(&input, remaining: remaining, key: key, isFinal: isFinal)
        case .header:
            if let message = wholeMessage(&input) {
                isDeflated = false
                return .data(message, endsMessage: true)
            }
            return header(&input)
        }
    }

    /// What nearly every frame is: a binary message of one frame that lies in the input to its end. Anything else, be
    /// it only unusual, is left to `header`.
    private func wholeMessage(_ input: inout UnsafeRawBufferPointer) -> MaskedBytes? {
        guard role == .server, !isInsideMessage, input.count >= Self.wholeMessageHeader else { return nil }
        let base = input.baseAddress!
        // FIN and binary, no reserved bit; masked, with a length in two bytes.
        guard base.loadUnaligned(as: UInt16.self) == UInt16(bigEndian: 0x82FE) else { return nil }
        let length = Int(UInt16(bigEndian: base.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        let end = Self.wholeMessageHeader + length
        guard length > 125, input.count >= end else { return nil }
        let key = base.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
        Self.remove(end, from: &input)
        return MaskedBytes(base: base + Self.wholeMessageHeader, count: length, key: key)
    }

    private mutating func payload(
        _ input: inout UnsafeRawBufferPointer,
        remaining: Int,
        key: UInt32,
        isFinal: Bool
    ) -> Event {
        guard let base = input.baseAddress, !input.isEmpty else { return .needMore }
        let count = min(remaining, input.count)
        let bytes = MaskedBytes(base: base, count: count, key: key)
        Self.remove(count, from: &input)
        guard count == remaining else {
            state = .payload(
                remaining: remaining - count,
                key: MaskedBytes.rotate(key, by: count),
                isFinal: isFinal
            )
            return .data(bytes, endsMessage: false)
        }
        state = .header
        isInsideMessage = !isFinal
        return .data(bytes, endsMessage: isFinal)
    }

    private mutating func header(_ input: inout UnsafeRawBufferPointer) -> Event {
        let head: WebSocketFrameHead
        switch WebSocketFrameHead.decode(input, role: role) {
        case .needMore: return .needMore
        case .violation(let violation): return .violation(violation)
        case .head(let decoded): head = decoded
        }
        guard head.opcode.isControl else { return dataFrame(head, &input) }
        guard !head.isDeflated else { return .violation(.reservedBits) }
        guard input.count >= head.headerLength + head.payloadLength else { return .needMore }
        let payload = MaskedBytes(
            base: input.baseAddress! + head.headerLength,
            count: head.payloadLength,
            key: head.key
        ).plain
        Self.remove(head.headerLength + head.payloadLength, from: &input)
        return control(head.opcode, payload)
    }

    private mutating func dataFrame(_ head: WebSocketFrameHead, _ input: inout UnsafeRawBufferPointer) -> Event {
        guard !head.isDeflated || (takesDeflated && head.opcode != .continuation) else {
            return .violation(.reservedBits)
        }
        switch (head.opcode, isInsideMessage) {
        case (.continuation, false): return .violation(.continuationWithoutMessage)
        case (.binary, true), (.text, true): return .violation(.messageInsideMessage)
        case (.text, false):
            isTextTold.toggle()
            // Its head is read again for the payload, so that nothing but text pays for the event.
            if isTextTold { return .text }
        default: break
        }
        if !isInsideMessage { isDeflated = head.isDeflated }
        isInsideMessage = true
        Self.remove(head.headerLength, from: &input)
        guard head.payloadLength > 0 else {
            isInsideMessage = !head.isFinal
            return .data(MaskedBytes(plain: UnsafeRawBufferPointer(start: nil, count: 0)), endsMessage: head.isFinal)
        }
        state = .payload(remaining: head.payloadLength, key: head.key, isFinal: head.isFinal)
        return payload(&input, remaining: head.payloadLength, key: head.key, isFinal: head.isFinal)
    }

    /// - Parameter count: checked against the input by the caller.
    private static func remove(_ count: Int, from input: inout UnsafeRawBufferPointer) {
        input = UnsafeRawBufferPointer(start: input.baseAddress! + count, count: input.count - count)
    }

    private func control(_ opcode: WebSocketOpcode, _ payload: [UInt8]) -> Event {
        switch opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong
        default: break
        }
        guard payload.count >= 2 else { return payload.isEmpty ? .close(code: nil) : .violation(.closePayload) }
        let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
        guard WebSocketCloseCode.mayBeReceived(code) else { return .violation(.closeCode(code)) }
        guard String(validating: payload[2...], as: UTF8.self) != nil else { return .violation(.closeReason) }
        return .close(code: code)
    }
}
