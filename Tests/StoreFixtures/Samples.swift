import NIOCore
public import RelayCore
public import WireProtocol

/// Agents and messages made from small numbers, alike in every process.
public enum Sample {
    /// 2026-01-01, the time of a test that names no other.
    public static let now: UnixMilliseconds = 1_767_225_600_000
    public static let hour: UnixMilliseconds = 3600 * 1000

    public static func agent(_ number: UInt32) -> AgentHash {
        var bytes = [UInt8](repeating: 0xA5, count: AgentHash.byteCount)
        // Spread over the first eight bytes, as those of a real hash are.
        withUnsafeBytes(of: (UInt64(number) &+ 1) &* 0x9E37_79B9_7F4A_7C15) { bytes.replaceSubrange(0..<8, with: $0) }
        withUnsafeBytes(of: number) { bytes.replaceSubrange(8..<12, with: $0) }
        return bytes.withUnsafeBytes { AgentHash($0) }
    }

    public static func id(_ number: UInt64) -> MessageID {
        var bytes = [UInt8](repeating: 0, count: MessageID.byteCount)
        withUnsafeBytes(of: number.bigEndian) { bytes.replaceSubrange(8..<16, with: $0) }
        return bytes.withUnsafeBytes { MessageID($0) }
    }

    public static func message(
        _ number: UInt64,
        from sender: UInt32 = 1,
        to recipient: UInt32 = 2,
        priority: UInt8 = 128,
        mode: DeliveryMode = .atLeastOnce,
        envelopeBytes: Int = 256,
        acceptedAt: UnixMilliseconds = now,
        expiresAt: UnixMilliseconds = now + hour
    ) -> Message {
        let routing = RoutingHeader(
            sender: agent(sender),
            recipient: agent(recipient),
            id: id(number),
            timestamp: acceptedAt,
            priority: priority,
            delivery: mode.rawValue
        )
        var bytes = [UInt8](
            repeating: UInt8(truncatingIfNeeded: number),
            count: RoutingHeader.byteCount + envelopeBytes
        )
        bytes.withUnsafeMutableBytes { buffer in
            if let start = buffer.baseAddress { routing.write(to: start) }
        }
        return Message(
            routing: routing,
            flags: [.ackRequested, .encrypted],
            payload: ByteBuffer(bytes: bytes),
            acceptedAt: acceptedAt,
            expiresAt: expiresAt
        )
    }
}
