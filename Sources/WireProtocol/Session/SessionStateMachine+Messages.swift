extension SessionStateMachine {
    /// A MESSAGE, checksum verified, that the fast path did not take.
    mutating func receivedMessage(_ header: FrameHeader, payload: [UInt8]) -> SessionAction {
        guard payload.count >= RoutingHeader.byteCount else { return tooShort(header) }
        let routing = payload.withUnsafeBytes { RoutingHeader(decoding: $0.baseAddress!) }
        if let rejection = rejection(of: header, routing: routing) { return rejection }
        guard !exceedsMessageLimit(header) else { return tooLarge(routing) }
        if header.flags.contains(.compressed), let verdict = compressionVerdict(header, payload, routing) {
            return verdict
        }
        guard routing.sender == agent else {
            return nack(routing, .senderMismatch, "the sender is not the agent of this connection")
        }
        guard let mode = routing.mode(flags: header.flags) else {
            return violation("MESSAGE: delivery byte \(routing.delivery) is not defined")
        }
        if case .draining(let delay) = phase {
            return nack(routing, .draining, "relay is draining", retryAfterMilliseconds: delay)
        }
        return .message(routing, mode: mode, traced: header.flags.contains(.traced))
    }

    /// What its header alone rules out, whatever its size.
    mutating func rejection(of header: FrameHeader, routing: RoutingHeader) -> SessionAction? {
        if header.flags.contains(.traced), !extensions.contains(.traceContext) {
            return violation("MESSAGE: TRACED without trace-context")
        }
        if header.flags.contains(.compressed), extensions.compression == nil {
            return refused(
                header,
                "MESSAGE: COMPRESSED without a compression extension",
                details: ["message_id": routing.id.description]
            )
        }
        guard header.payloadLength >= header.minMessagePayloadBytes else { return tooShort(header) }
        guard header.streamID == 0 else {
            return refused(
                header,
                "MESSAGE: this relay has no streams",
                details: ["message_id": routing.id.description]
            )
        }
        return nil
    }

    /// What the head of a COMPRESSED envelope rules out; nil where it may be taken.
    private mutating func compressionVerdict(
        _ header: FrameHeader,
        _ payload: [UInt8],
        _ routing: RoutingHeader
    ) -> SessionAction? {
        guard let negotiated = extensions.compression else { return nil }
        let head = payload.withUnsafeBytes { CompressedHead(decoding: $0.baseAddress! + header.envelopeOffset) }
        guard !header.flags.contains(.encrypted) else {
            return violation("MESSAGE: COMPRESSED and ENCRYPTED exclude each other", code: .compression)
        }
        guard head.algorithm == negotiated else {
            return violation(
                "MESSAGE: expected algorithm \(negotiated.rawValue) (\(negotiated.name)), "
                    + "received \(head.algorithmCode)",
                code: .compression
            )
        }
        return head.originalSize > configuration.maxMessageBytes ? tooLarge(routing) : nil
    }

    func tooLarge(_ routing: RoutingHeader) -> SessionAction {
        nack(routing, .tooLarge, "the envelope is over \(configuration.maxMessageBytes) bytes")
    }

    private mutating func tooShort(_ header: FrameHeader) -> SessionAction {
        violation(
            "MESSAGE: expected at least \(header.minMessagePayloadBytes) bytes, received \(header.payloadLength)"
        )
    }

    private func nack(
        _ routing: RoutingHeader,
        _ code: NackCode,
        _ message: String,
        retryAfterMilliseconds: UInt64? = nil
    ) -> SessionAction {
        .nack(
            Nack(
                messageID: routing.id,
                code: code,
                message: message,
                retryAfterMilliseconds: retryAfterMilliseconds
            )
        )
    }
}
