extension SessionStateMachine {
    /// A MESSAGE, checksum verified, that the fast path did not take.
    mutating func receivedMessage(_ header: FrameHeader, payload: [UInt8]) -> SessionAction {
        guard payload.count >= RoutingHeader.byteCount else { return tooShort(header) }
        let routing = payload.withUnsafeBytes { RoutingHeader(decoding: $0.baseAddress!) }
        if let rejection = rejection(of: header, routing: routing) { return rejection }
        guard !exceedsMessageLimit(header) else { return tooLarge(routing) }
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
        if header.flags.contains(.compressed) {
            return refused(
                header,
                "MESSAGE: this relay takes no COMPRESSED messages",
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
