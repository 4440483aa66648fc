/// What a relay fixes for its sessions. Durations are nanoseconds; 0 turns a limit off.
public struct SessionConfiguration: Equatable, Sendable {
    /// A document before AUTH_OK: nobody has proved anything yet.
    public static let maxHandshakeDocumentBytes = 64 * 1024
    /// A document after AUTH_OK. Holds an ACK of some 6,700 ids in JSON, 16,000 in binary.
    public static let maxDocumentBytes = 256 * 1024

    public var relayID: String
    public var cluster: String
    /// 32 bytes; nil where the relay has no key and proves nothing.
    public var relayPublicKey: [UInt8]?
    /// Bytes of an envelope (`messages.max_size_bytes`).
    public var maxMessageBytes: Int
    /// Envelopes may come and go compressed (`messages.compression`).
    public var compresses: Bool
    public var handshakeTimeout: UInt64
    public var idleTimeout: UInt64
    public var keepaliveInterval: UInt64
    public var keepaliveTimeout: UInt64
    public var maxMissedPings: Int

    public init(
        relayID: String,
        cluster: String = "",
        relayPublicKey: [UInt8]? = nil,
        maxMessageBytes: Int = 1024 * 1024,
        compresses: Bool = true,
        handshakeTimeout: UInt64 = 5_000_000_000,
        idleTimeout: UInt64 = 300_000_000_000,
        keepaliveInterval: UInt64 = 30_000_000_000,
        keepaliveTimeout: UInt64 = 10_000_000_000,
        maxMissedPings: Int = 3
    ) {
        self.relayID = relayID
        self.cluster = cluster
        self.relayPublicKey = relayPublicKey
        self.maxMessageBytes = maxMessageBytes
        self.compresses = compresses
        self.handshakeTimeout = handshakeTimeout
        self.idleTimeout = idleTimeout
        self.keepaliveInterval = keepaliveInterval
        self.keepaliveTimeout = keepaliveTimeout
        self.maxMissedPings = maxMissedPings
    }

    /// Routing header, trace context and the five bytes before a compressed envelope.
    static let maxBytesAroundEnvelope = RoutingHeader.byteCount + TraceContext.byteCount + CompressedHead.byteCount

    /// The longest payload of a MESSAGE that can be taken.
    public var maxMessagePayloadBytes: Int {
        min(maxMessageBytes + Self.maxBytesAroundEnvelope, FrameHeader.maxPayloadBytes)
    }
}
