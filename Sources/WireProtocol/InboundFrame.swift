/// One whole frame in a read buffer: header decoded, payload still masked, checksum mostly not yet checked.
public struct InboundFrame {
    public let header: FrameHeader
    /// The frame from its first header byte to its last checksum byte.
    public let bytes: MaskedBytes
    /// The checksum was found to hold already.
    public let isVerified: Bool

    public init(header: FrameHeader, bytes: MaskedBytes, isVerified: Bool = false) {
        precondition(bytes.count == header.frameLength)
        self.header = header
        self.bytes = bytes
        self.isVerified = isVerified
    }

    public var payload: MaskedBytes {
        bytes[FrameHeader.byteCount..<FrameHeader.byteCount + header.payloadLength]
    }

    /// What a TRACED sender put between a MESSAGE's routing header and its envelope; nil where it is not valid.
    public var traceContext: TraceContext? {
        let end = RoutingHeader.byteCount + TraceContext.byteCount
        guard header.flags.contains(.traced), header.payloadLength >= end else { return nil }
        return payload[RoutingHeader.byteCount..<end].plain.withUnsafeBytes { TraceContext(decoding: $0.baseAddress!) }
    }

    /// Copies the frame in the clear and says whether its checksum holds.
    /// - Parameter destination: room for `header.frameLength` bytes.
    public func copyVerified(to destination: UnsafeMutableRawPointer) -> Bool {
        bytes.copy(to: destination)
        guard !isVerified else { return true }
        let covered = FrameHeader.byteCount + header.payloadLength
        let sent = UInt32(bigEndian: destination.loadUnaligned(fromByteOffset: covered, as: UInt32.self))
        return Checksum.crc32(destination, count: covered) == sent
    }

    /// Whether the checksum holds, for a frame whose payload nobody wants.
    public var isIntact: Bool { verifiedPayload() != nil }

    /// The plain payload, or nil where the checksum does not hold. For frames off the message path.
    public func verifiedPayload() -> [UInt8]? {
        var plain = bytes.plain
        let holds =
            isVerified
            || plain.withUnsafeBytes { plain in
                let covered = FrameHeader.byteCount + header.payloadLength
                let sent = UInt32(bigEndian: plain.loadUnaligned(fromByteOffset: covered, as: UInt32.self))
                return Checksum.crc32(plain.baseAddress!, count: covered) == sent
            }
        guard holds else { return nil }
        plain.removeLast(FrameHeader.checksumByteCount)
        plain.removeFirst(FrameHeader.byteCount)
        return plain
    }
}
