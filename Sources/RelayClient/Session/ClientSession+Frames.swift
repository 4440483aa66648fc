import Compression
import WireProtocol

extension ClientSession {
    /// The length of a MESSAGE is bounded by the 16 MiB of the frame header only, and buffered as it arrives.
    var frameLimits: FrameLimits {
        FrameLimits(
            takesMessages: isOpen,
            maxDocumentBytes: isOpen
                ? SessionConfiguration.maxDocumentBytes : SessionConfiguration.maxHandshakeDocumentBytes,
            maxMessageBytes: FrameHeader.maxPayloadBytes
        )
    }

    /// One whole frame whose checksum holds.
    mutating func received(_ header: FrameHeader, payload: [UInt8], at now: UInt64) -> ClientSessionAction {
        guard phase != .closed else { return .none }
        guard header.sequence == nextSequence else {
            return violation("sequence: expected \(nextSequence), received \(header.sequence)")
        }
        nextSequence &+= 1
        guard header.flags.isDisjoint(with: .reserved) else { return violation("flags: reserved bits are set") }
        keepalive.heard(at: now)
        guard isOpen else { return receivedDuringHandshake(header, payload: payload, at: now) }
        return header.type == .message ? receivedMessage(header, payload) : receivedDocument(header, payload)
    }

    mutating func checksumFailed(_ header: FrameHeader) -> ClientSessionAction {
        violation("checksum of \(header.typeName) \(header.sequence) does not hold")
    }

    mutating func invalidHeader(_ error: FrameHeader.DecodingError) -> ClientSessionAction {
        switch error {
        case .magic, .version: violation("the bytes where a frame should begin are none")
        case .length(let received): violation("length: \(received) bytes are too many", code: .frameSize)
        }
    }

    /// `admission` was `refuse`.
    mutating func oversized(_ header: FrameHeader) -> ClientSessionAction {
        violation("\(header.typeName): \(header.payloadLength) bytes are too many here", code: .frameSize)
    }

    private mutating func receivedMessage(_ header: FrameHeader, _ payload: [UInt8]) -> ClientSessionAction {
        let isTraced = header.flags.contains(.traced)
        guard !isTraced || extensions.contains(.traceContext) else {
            return violation("MESSAGE: TRACED without its extension")
        }
        let start = RoutingHeader.byteCount + (isTraced ? TraceContext.byteCount : 0)
        guard payload.count >= start else { return violation("MESSAGE: shorter than its headers") }
        let (routing, trace) = payload.withUnsafeBytes { bytes in
            (
                RoutingHeader(decoding: bytes.baseAddress!),
                isTraced ? TraceContext(decoding: bytes.baseAddress! + RoutingHeader.byteCount) : nil
            )
        }
        guard routing.recipient == agent else { return violation("MESSAGE: it is for another agent") }
        guard let mode = routing.mode(flags: header.flags) else {
            return violation("MESSAGE: delivery byte \(routing.delivery) is not defined")
        }
        var frame = IncomingFrame(
            routing: routing,
            mode: mode,
            isEncrypted: header.flags.contains(.encrypted),
            trace: trace,
            envelope: []
        )
        guard header.flags.contains(.compressed) else {
            frame.envelope = Array(payload[start...])
            return .message(frame)
        }
        return inflated(payload[start...], into: frame)
    }

    /// The relay passes on what its sender compressed; only here is it read.
    private mutating func inflated(_ bytes: ArraySlice<UInt8>, into frame: IncomingFrame) -> ClientSessionAction {
        guard let algorithm = extensions.compression, bytes.first == algorithm.rawValue else {
            return violation("MESSAGE: COMPRESSED in another algorithm than negotiated", code: .compression)
        }
        var frame = frame
        do throws(CompressionFlaw) {
            frame.envelope = try EnvelopeInflation.inflate(bytes)
            return .message(frame)
        } catch {
            return .unreadable(frame)
        }
    }

    private mutating func receivedDocument(_ header: FrameHeader, _ payload: [UInt8]) -> ClientSessionAction {
        switch header.type {
        case .ack: receivedAck(header, payload)
        case .nack: document(header, payload) { (_, nack: Nack) in .refused(nack) }
        case .ping: document(header, payload) { (_, ping: Ping) in .send([OutgoingFrame(Pong(answering: ping))]) }
        case .pong: document(header, payload) { (_, _: Pong) in .none }
        case .goAway: document(header, payload) { (session, goAway: GoAway) in session.told(goAway) }
        case .error: document(header, payload) { (session, error: ProtocolError) in session.relayFailed(error) }
        case .streamOpen, .streamData, .streamClose, .windowUpdate, nil: refused(header)
        case .hello, .helloAck, .auth, .authOK, .authFail, .message:
            violation("\(header.typeName) is not expected here")
        }
    }

    /// Not fatal: a later relay may say more than this client knows.
    private func refused(_ header: FrameHeader) -> ClientSessionAction {
        .send([OutgoingFrame(ProtocolError(code: .refused, message: "\(header.typeName): this agent does not take it"))]
        )
    }

    private mutating func receivedAck(_ header: FrameHeader, _ payload: [UInt8]) -> ClientSessionAction {
        do throws(DocumentError) {
            let ack = try Ack(payload: payload, binaryNegotiated: extensions.contains(.binaryAck))
            return .acknowledged(ack.messageIDs, ack.type)
        } catch {
            return violation("ACK: \(error)")
        }
    }

    private mutating func told(_ goAway: GoAway) -> ClientSessionAction {
        guard phase == .open else { return .none }
        phase = .goingAway(goAway)
        return .goingAway(goAway)
    }

    mutating func relayFailed(_ error: ProtocolError) -> ClientSessionAction {
        error.fatal ? end(.relayFailed(error)) : .none
    }

    mutating func document<D: Document>(
        _ header: FrameHeader,
        _ payload: [UInt8],
        _ body: (inout Self, D) -> ClientSessionAction
    ) -> ClientSessionAction {
        guard header.streamID == 0 else { return violation("\(header.typeName): expected on stream 0") }
        do throws(DocumentError) {
            return body(&self, try D(json: payload))
        } catch {
            return violation("\(header.typeName): \(error)")
        }
    }

    /// Frames that acknowledge these, in the form that was negotiated.
    func acknowledgement(of ids: [MessageID], as type: AckType, wallClock: UInt64) -> [OutgoingFrame] {
        stride(from: 0, to: ids.count, by: Ack.maxIDs).map { start in
            let part = Array(ids[start..<min(start + Ack.maxIDs, ids.count)])
            let ack = Ack(messageIDs: part, type: type, timestamp: wallClock)
            return extensions.contains(.binaryAck)
                ? OutgoingFrame(type: .ack, payload: ack.binary) : OutgoingFrame(ack)
        }
    }
}
