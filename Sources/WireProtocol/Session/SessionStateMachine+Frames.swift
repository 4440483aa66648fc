extension SessionStateMachine {
    /// What frames may come now. Taken once for each piece that was read: asking the session for each frame would copy
    /// it.
    public var frameLimits: FrameLimits {
        FrameLimits(
            takesMessages: isOpen,
            maxDocumentBytes: maxDocumentBytes,
            maxMessageBytes: configuration.maxMessageBytes
        )
    }

    /// - Parameter header: of the frame that comes next.
    public func admission(of header: FrameHeader) -> FrameAdmission { frameLimits.admission(of: header) }

    /// One whole frame. A MESSAGE that can be taken costs its header checks and the 96 bytes of its routing header;
    /// every other outcome is decided over a verified checksum.
    public mutating func received(_ frame: InboundFrame, at now: UInt64, wallClock: UInt64) -> SessionAction {
        guard let message = receivedMessage(frame, at: now) else {
            return examined(frame, at: now, wallClock: wallClock)
        }
        return .message(message.routing, mode: message.mode, traced: frame.header.flags.contains(.traced))
    }

    /// A MESSAGE that can be taken as it is, without the detour of an action that could be anything; nil, and nothing
    /// done, where `received` has to look at the frame.
    public mutating func receivedMessage(
        _ frame: InboundFrame,
        at now: UInt64
    ) -> (routing: RoutingHeader, mode: DeliveryMode)? {
        guard case .open = phase, isUsualMessage(frame.header) else { return nil }
        if frame.header.flags.contains(.compressed), !isUsualCompression(frame) { return nil }
        let routing = RoutingHeader(frame.payload)
        guard routing.sender == agent, let mode = routing.mode(flags: frame.header.flags) else { return nil }
        nextSequence &+= 1
        keepalive.heard(at: now)
        return (routing, mode)
    }

    /// The shell copied a MESSAGE out and its checksum did not hold.
    public mutating func checksumFailed(_ frame: InboundFrame) -> SessionAction {
        let (computed, received) = frame.checksums
        return violation("checksum: expected \(Self.hex(computed)), received \(Self.hex(received))")
    }

    /// The bytes where a frame should begin are none.
    public mutating func invalidHeader(_ error: FrameHeader.DecodingError) -> SessionAction {
        switch error {
        case .magic(let received):
            violation("magic: expected \(Self.hex(FrameHeader.magic)), received \(Self.hex(received))")
        case .version(let received):
            violation("version: expected \(FrameHeader.version), received \(received)")
        case .length(let received):
            violation(
                "length: expected at most \(FrameHeader.maxPayloadBytes), received \(received)",
                code: .frameSize
            )
        }
    }

    /// `admission` was `refuse`.
    public mutating func oversized(_ header: FrameHeader) -> SessionAction {
        violation(
            "\(header.typeName): expected at most \(maxDocumentBytes) bytes here, received \(header.payloadLength)",
            code: .frameSize
        )
    }

    private var maxDocumentBytes: Int {
        isOpen ? SessionConfiguration.maxDocumentBytes : SessionConfiguration.maxHandshakeDocumentBytes
    }

    /// `admission` was `skip`. The checksum of such a frame is not checked: its bytes were never held.
    public mutating func skippedMessage(
        _ header: FrameHeader,
        routing: RoutingHeader,
        at now: UInt64
    ) -> SessionAction {
        guard phase != .closed else { return .none }
        if let violation = takeSequence(header) { return violation }
        guard isOpen else { return authenticationRequired(header) }
        keepalive.heard(at: now)
        return rejection(of: header, routing: routing) ?? tooLarge(routing)
    }

    private func isUsualMessage(_ header: FrameHeader) -> Bool {
        header.typeCode == FrameType.message.rawValue
            && header.sequence == nextSequence
            && header.flags.isDisjoint(with: unusualFlags)
            && header.streamID == 0
            && header.payloadLength >= header.minMessagePayloadBytes
            && !exceedsMessageLimit(header)
    }

    private func isUsualCompression(_ frame: InboundFrame) -> Bool {
        guard let head = frame.compressedHead, !frame.header.flags.contains(.encrypted) else { return false }
        return head.algorithm == compression && head.originalSize <= configuration.maxMessageBytes
    }

    func exceedsMessageLimit(_ header: FrameHeader) -> Bool {
        header.envelopeLength > configuration.maxMessageBytes
    }

    private mutating func examined(_ frame: InboundFrame, at now: UInt64, wallClock: UInt64) -> SessionAction {
        guard phase != .closed else { return .none }
        guard let payload = frame.verifiedPayload() else { return checksumFailed(frame) }
        if let violation = takeSequence(frame.header) { return violation }
        keepalive.heard(at: now)
        guard isOpen else { return receivedDuringHandshake(frame.header, payload: payload, wallClock: wallClock) }
        if frame.header.type == .message { return receivedMessage(frame.header, payload: payload) }
        return receivedDocument(frame.header, payload: payload, wallClock: wallClock)
    }

    /// Counts the frame; the violation where it is out of order or uses bits that have no meaning yet.
    private mutating func takeSequence(_ header: FrameHeader) -> SessionAction? {
        guard header.sequence == nextSequence else {
            return violation("sequence: expected \(nextSequence), received \(header.sequence)")
        }
        nextSequence &+= 1
        guard header.flags.isDisjoint(with: .reserved) else { return violation("flags: reserved bits are set") }
        return nil
    }

    private static func hex(_ value: some FixedWidthInteger) -> String {
        let digits = String(value, radix: 16)
        return "0x" + String(repeating: "0", count: value.bitWidth / 4 - digits.count) + digits
    }
}

extension FrameHeader {
    /// Negative where the payload is too short for what its flags promise.
    public var envelopeLength: Int { payloadLength - minMessagePayloadBytes }

    /// Routing header, trace context where TRACED, and the five bytes before a compressed envelope.
    var minMessagePayloadBytes: Int {
        envelopeOffset + (flags.contains(.compressed) ? CompressedHead.byteCount : 0)
    }
}

extension InboundFrame {
    var checksums: (computed: UInt32, received: UInt32) {
        let plain = bytes.plain
        let covered = plain.count - FrameHeader.checksumByteCount
        return plain.withUnsafeBytes { plain in
            let received = UInt32(bigEndian: plain.loadUnaligned(fromByteOffset: covered, as: UInt32.self))
            return (Checksum.crc32(plain.baseAddress!, count: covered), received)
        }
    }
}
