import NIOCore
import WireProtocol

/// Serialises frames for one connection: numbers them, sets their checksums and puts WebSocket heads around them, one
/// a frame or, towards a batching peer, one a flush.
struct FrameWriter {
    /// Storage that an idle connection may keep.
    private static let idleBytes = 1024

    private var buffer = ByteBuffer()
    /// The next number of this direction: from 1, wrapping to 0 (protocol section 2).
    private var sequence: UInt32 = 1

    var byteCount: Int { max(0, buffer.readableBytes - reserved) }
    /// A batching peer's buffer begins with room for the longest WebSocket head.
    private var reserved = 0

    /// Copies a checked-on-copy frame. False, and nothing written, where its checksum does not hold.
    mutating func append(_ frame: InboundFrame, isBatching: Bool) -> Bool {
        let length = frame.header.frameLength
        return append(length: length, isBatching: isBatching) { destination, sequence in
            guard frame.copyVerified(to: destination) else { return false }
            Self.seal(destination, length: length, sequence: sequence)
            return true
        }
    }

    mutating func append(_ frame: OutgoingFrame, isBatching: Bool) {
        let header = FrameHeader(
            type: frame.type,
            flags: frame.flags,
            payloadLength: frame.payload.count,
            sequence: 0
        )
        _ = append(length: header.frameLength, isBatching: isBatching) { destination, sequence in
            header.write(to: destination)
            frame.payload.withUnsafeBytes { payload in
                guard let base = payload.baseAddress else { return }
                (destination + FrameHeader.byteCount).copyMemory(from: base, byteCount: payload.count)
            }
            Self.seal(destination, length: header.frameLength, sequence: sequence)
            return true
        }
    }

    mutating func append(_ message: OutboxMessage, stripsTrace: Bool, isBatching: Bool) {
        let strips = stripsTrace && message.flags.contains(.traced)
        let dropped = strips ? TraceContext.byteCount : 0
        let flags = strips ? message.flags.subtracting(.traced) : message.flags
        let header = FrameHeader(
            type: .message,
            flags: flags,
            payloadLength: message.payload.readableBytes - dropped,
            sequence: 0
        )
        _ = append(length: header.frameLength, isBatching: isBatching) { destination, sequence in
            header.write(to: destination)
            message.payload.withUnsafeReadableBytes { payload in
                Self.copy(payload, dropping: dropped, to: destination + FrameHeader.byteCount)
            }
            Self.seal(destination, length: header.frameLength, sequence: sequence)
            return true
        }
    }

    /// Copies the payload less the `dropping` bytes behind its routing header.
    private static func copy(_ payload: UnsafeRawBufferPointer, dropping: Int, to destination: UnsafeMutableRawPointer)
    {
        guard let base = payload.baseAddress else { return }
        guard dropping > 0 else { return destination.copyMemory(from: base, byteCount: payload.count) }
        let head = RoutingHeader.byteCount
        destination.copyMemory(from: base, byteCount: head)
        (destination + head).copyMemory(from: base + head + dropping, byteCount: payload.count - head - dropping)
    }

    /// Sets sequence number and checksum of a frame whose other bytes are in place.
    private static func seal(_ frame: UnsafeMutableRawPointer, length: Int, sequence: UInt32) {
        frame.storeBytes(of: sequence.bigEndian, toByteOffset: 13, as: UInt32.self)
        let covered = length - FrameHeader.checksumByteCount
        frame.storeBytes(of: Checksum.crc32(frame, count: covered).bigEndian, toByteOffset: covered, as: UInt32.self)
    }

    private mutating func append(
        length: Int,
        isBatching: Bool,
        _ write: (UnsafeMutableRawPointer, UInt32) -> Bool
    ) -> Bool {
        if buffer.readableBytes == 0 {
            buffer.reserveCapacity(length + 2 * WebSocketEncoder.maxHeaderLength)
            reserved = isBatching ? buffer.writeRepeatingByte(0, count: WebSocketEncoder.maxHeaderLength) : 0
        }
        // One buffer is framed one way, whatever was negotiated since it began.
        let head = reserved > 0 ? 0 : WebSocketEncoder.headerLength(payload: length)
        let written = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: head + length) { space in
            let base = space.baseAddress!
            guard write(base + head, sequence) else { return 0 }
            if head > 0 { WebSocketEncoder.writeBinaryHeader(payload: length, to: base) }
            return head + length
        }
        guard written > 0 else { return false }
        sequence &+= 1
        return true
    }

    /// The bytes of one flush. The writer starts on an empty buffer afterwards.
    mutating func take() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &buffer)
        guard reserved > 0 else { return taken }
        let payload = taken.readableBytes - reserved
        let head = WebSocketEncoder.headerLength(payload: payload)
        taken.moveReaderIndex(forwardBy: reserved - head)
        taken.withUnsafeMutableReadableBytes {
            WebSocketEncoder.writeBinaryHeader(payload: payload, to: $0.baseAddress!)
        }
        reserved = 0
        return taken
    }

    /// Takes a flushed buffer's storage for the next one, unless the connection goes idle and it is large.
    mutating func recycle(_ flushed: ByteBuffer, isIdle: Bool) {
        guard buffer.capacity == 0, !isIdle || flushed.capacity <= Self.idleBytes else { return }
        buffer = flushed
        buffer.clear()
    }
}
