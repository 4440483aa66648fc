import WireProtocol

/// A MESSAGE frame as it lies in a read buffer: masked, its checksum set.
struct SampleFrame {
    let routing: RoutingHeader
    let mode: DeliveryMode
    private let header: FrameHeader
    private var masked: [UInt8]
    private static let key: UInt32 = 0x5A17_C3E9

    init(_ routing: RoutingHeader, context: TraceContext? = nil, envelopeBytes: Int) {
        self.init(routing, context: context, envelope: Self.envelope(bytes: envelopeBytes))
    }

    static func envelope(bytes: Int) -> [UInt8] { [UInt8](repeating: 0xE7, count: bytes) }

    /// - Parameter envelope: with its compressed head, where the flags have COMPRESSED.
    init(_ routing: RoutingHeader, flags: FrameFlags = [], context: TraceContext? = nil, envelope: [UInt8]) {
        self.routing = routing
        mode = DeliveryMode(rawValue: routing.delivery) ?? .bestEffort
        let contextBytes = context == nil ? 0 : TraceContext.byteCount
        let header = FrameHeader(
            type: .message,
            flags: context == nil ? flags : flags.union(.traced),
            payloadLength: RoutingHeader.byteCount + contextBytes + envelope.count,
            sequence: 1
        )
        self.header = header
        var plain = [UInt8](repeating: 0, count: header.frameLength)
        let start = FrameHeader.byteCount + RoutingHeader.byteCount + contextBytes
        plain.replaceSubrange(start..<start + envelope.count, with: envelope)
        plain.withUnsafeMutableBytes { bytes in
            let base = bytes.baseAddress!
            header.write(to: base)
            routing.write(to: base + FrameHeader.byteCount)
            context?.write(to: base + FrameHeader.byteCount + RoutingHeader.byteCount)
            let covered = header.frameLength - FrameHeader.checksumByteCount
            let checksum = Checksum.crc32(base, count: covered)
            base.storeBytes(of: checksum.bigEndian, toByteOffset: covered, as: UInt32.self)
        }
        masked = plain.withUnsafeBytes {
            MaskedBytes(base: $0.baseAddress!, count: $0.count, key: Self.key).plain
        }
    }

    /// Changes one bit of the envelope.
    mutating func damage() { masked[masked.count - 6] ^= 0x10 }

    func withInboundFrame<Result>(_ body: (InboundFrame) -> Result) -> Result {
        masked.withUnsafeBytes { bytes in
            let inbound = MaskedBytes(base: bytes.baseAddress!, count: bytes.count, key: Self.key)
            return body(InboundFrame(header: header, bytes: inbound))
        }
    }
}
