import WireProtocol

/// Frames put back to back for one binary WebSocket message; their numbers and checksums are set here.
struct FrameBatch: Sendable {
    /// From here on a batch is sent and a new one begun.
    static let fullBytes = 64 * 1024

    private var nextSequence: UInt32 = 1
    private var bytes: [UInt8] = []

    var isEmpty: Bool { bytes.isEmpty }
    var isFull: Bool { bytes.count >= Self.fullBytes }

    mutating func append(_ frame: OutgoingFrame) {
        append(frame.type, frame.flags, payloadBytes: frame.payload.count) { $0.append(contentsOf: frame.payload) }
    }

    /// - Parameters:
    ///   - traced: `trace-context` is negotiated.
    ///   - compressed: what goes in the envelope's place, its head before it.
    mutating func append(_ message: OutgoingMessage, traced: Bool, compressed: [UInt8]? = nil) {
        let trace = traced ? message.trace : nil
        var flags = trace == nil ? message.flags : message.flags.union(.traced)
        if compressed != nil { flags.insert(.compressed) }
        let envelope = compressed ?? message.envelope
        append(.message, flags, payloadBytes: flags.envelopeOffset + envelope.count) { bytes in
            bytes.append(count: RoutingHeader.byteCount, writing: message.routing.write)
            if let trace { bytes.append(count: TraceContext.byteCount, writing: trace.write) }
            bytes.append(contentsOf: envelope)
        }
    }

    private mutating func append(
        _ type: FrameType,
        _ flags: FrameFlags,
        payloadBytes: Int,
        _ payload: (inout [UInt8]) -> Void
    ) {
        let start = bytes.count
        let header = FrameHeader(type: type, flags: flags, payloadLength: payloadBytes, sequence: nextSequence)
        nextSequence &+= 1
        bytes.append(count: FrameHeader.byteCount, writing: header.write)
        payload(&bytes)
        let checksum = bytes.withUnsafeBytes { Checksum.crc32(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        withUnsafeBytes(of: checksum.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// The batch as one masked WebSocket frame.
    /// - Parameter key: unpredictable and used once (RFC 6455 section 5.3).
    mutating func take(key: UInt32) -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: bytes.capacity <= 2 * Self.fullBytes) }
        return WebSocketEncoder.masked(.binary, payload: bytes, key: key)
    }
}

extension [UInt8] {
    fileprivate mutating func append(count: Int, writing write: (UnsafeMutableRawPointer) -> Void) {
        let start = self.count
        append(contentsOf: repeatElement(0, count: count))
        withUnsafeMutableBytes { write($0.baseAddress! + start) }
    }
}
