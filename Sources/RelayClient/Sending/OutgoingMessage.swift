import WireProtocol

/// A message on its way to the relay, as it is kept until it is settled.
struct OutgoingMessage: Equatable, Sendable {
    var routing: RoutingHeader
    var mode: DeliveryMode
    var isEncrypted: Bool
    var trace: TraceContext?
    var envelope: [UInt8]

    init(
        _ envelope: [UInt8],
        from sender: AgentHash,
        to recipient: AgentHash,
        _ options: SendOptions,
        wallClock: UInt64
    ) {
        routing = RoutingHeader(
            sender: sender,
            recipient: recipient,
            id: options.id,
            timestamp: wallClock,
            ttl: options.ttl,
            priority: options.priority,
            delivery: options.mode.rawValue
        )
        mode = options.mode
        isEncrypted = options.isEncrypted
        trace = options.trace
        self.envelope = envelope
    }

    /// What it counts for in the send queue: its payload and about what is kept around it.
    var chargedBytes: Int { envelope.count + 256 }

    func payloadBytes(traced: Bool) -> Int {
        RoutingHeader.byteCount + (traced && trace != nil ? TraceContext.byteCount : 0) + envelope.count
    }

    var flags: FrameFlags {
        var flags: FrameFlags = mode == .bestEffort ? [] : .ackRequested
        if isEncrypted { flags.insert(.encrypted) }
        return flags
    }
}
