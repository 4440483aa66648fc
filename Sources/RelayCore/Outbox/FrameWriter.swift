import Compression
import NIOCore
import WireProtocol

/// Serialises frames for one connection: numbers them, sets their checksums and puts WebSocket heads around them, one
/// a frame or, towards a batching peer, one a flush.
struct FrameWriter {
    private let pool: BufferPool
    private var buffer = ByteBuffer()
    /// What the next flush will take if it is like the last ones.
    private var expectedBytes = 0
    /// The next number of this direction: from 1, wrapping to 0 (protocol section 2).
    private var sequence: UInt32 = 1

    var deflateWindowBits: Int?

    /// Of the buffer, WebSocket heads included, but not what is `reserved` for one.
    private(set) var byteCount = 0
    /// A batching peer's buffer begins with room for the longest WebSocket head.
    private var reserved = 0

    init(pool: BufferPool) { self.pool = pool }

    /// Copies a checked-on-copy frame. False, and nothing written, where its checksum does not hold.
    mutating func append(_ frame: InboundFrame, isBatching: Bool) -> Bool {
        let length = frame.header.frameLength
        let head = reserve(length: length, isBatching: isBatching)
        let (start, sequence, pool) = (buffer.writerIndex + head, sequence, pool)
        let holds = buffer.withVeryUnsafeMutableBytes { bytes in
            let destination = bytes.baseAddress! + start
            guard frame.copyVerified(to: destination) else { return false }
            pool.renumbering.renumber(destination, length: length, to: sequence)
            return true
        }
        guard holds else {
            releaseUnused()
            return false
        }
        finish(length: length, head: head)
        return true
    }

    mutating func append(_ frame: OutgoingFrame, isBatching: Bool) {
        let header = FrameHeader(
            type: frame.type,
            flags: frame.flags,
            payloadLength: frame.payload.count,
            sequence: 0
        )
        append(length: header.frameLength, isBatching: isBatching) { destination, sequence in
            header.write(to: destination)
            frame.payload.withUnsafeBytes { payload in
                guard let base = payload.baseAddress else { return }
                (destination + FrameHeader.byteCount).copyMemory(from: base, byteCount: payload.count)
            }
            Self.seal(destination, length: header.frameLength, sequence: sequence)
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
        append(length: header.frameLength, isBatching: isBatching) { destination, sequence in
            header.write(to: destination)
            message.payload.withUnsafeReadableBytes { payload in
                Self.copy(payload, dropping: dropped, to: destination + FrameHeader.byteCount)
            }
            Self.seal(destination, length: header.frameLength, sequence: sequence)
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
        _ write: (UnsafeMutableRawPointer, UInt32) -> Void
    ) {
        let head = reserve(length: length, isBatching: isBatching)
        let (start, sequence) = (buffer.writerIndex + head, sequence)
        buffer.withVeryUnsafeMutableBytes { write($0.baseAddress! + start, sequence) }
        finish(length: length, head: head)
    }

    /// Makes room for a frame and, where each has one, its WebSocket head, whose length is the result: `buffer` has
    /// both behind its writer index.
    private mutating func reserve(length: Int, isBatching: Bool) -> Int {
        if byteCount == 0 {
            let needed = max(length + 2 * WebSocketEncoder.maxHeaderLength, expectedBytes)
            if buffer.capacity < needed { buffer = pool.take(capacity: needed) } else { buffer.clear() }
            reserved = isBatching ? buffer.writeRepeatingByte(0, count: WebSocketEncoder.maxHeaderLength) : 0
        }
        // One buffer is framed one way, whatever was negotiated since it began.
        let head = reserved > 0 ? 0 : WebSocketEncoder.headerLength(payload: length)
        if buffer.writableBytes < head + length { buffer.reserveCapacity(minimumWritableBytes: head + length) }
        return head
    }

    /// A buffer taken for a frame that was none would stay with its recipient, charged to nobody.
    private mutating func releaseUnused() {
        guard byteCount == 0 else { return }
        var unused = ByteBuffer()
        swap(&unused, &buffer)
        reserved = 0
        pool.give(unused)
    }

    private mutating func finish(length: Int, head: Int) {
        let written = head > 0 ? frame(length, behind: head) : length
        buffer.moveWriterIndex(forwardBy: written)
        byteCount += written
        sequence &+= 1
    }

    /// Makes a WebSocket message of what lies `head` bytes behind the writer index.
    /// - Returns: its bytes, head included.
    private mutating func frame(_ length: Int, behind head: Int) -> Int {
        let (start, deflater) = (buffer.writerIndex, deflater)
        let deflated = buffer.withVeryUnsafeMutableBytes { bytes -> Int? in
            let message = bytes.baseAddress! + start
            if let deflater, let count = Self.deflate(message, head: head, length: length, deflater) { return count }
            WebSocketEncoder.writeBinaryHeader(payload: length, to: message)
            return nil
        }
        if let deflater { pool.note(deflater.work, of: length) }
        return deflated ?? head + length
    }

    private var deflater: Deflater? { deflateWindowBits.flatMap { pool.deflater(windowBits: $0) } }

    /// In place: what is smaller needs no longer head.
    private static func deflate(
        _ message: UnsafeMutableRawPointer,
        head: Int,
        length: Int,
        _ deflater: Deflater
    ) -> Int? {
        let plain = UnsafeRawBufferPointer(start: message + head, count: length)
        guard let deflated = deflater.deflate(plain), let base = deflated.baseAddress else { return nil }
        let newHead = WebSocketEncoder.headerLength(payload: deflated.count)
        WebSocketEncoder.writeBinaryHeader(payload: deflated.count, isDeflated: true, to: message)
        (message + newHead).copyMemory(from: base, byteCount: deflated.count)
        return newHead + deflated.count
    }

    /// The bytes of one flush. The writer starts on an empty buffer afterwards.
    mutating func take() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &buffer)
        byteCount = 0
        expectedBytes = max(taken.readableBytes, expectedBytes - expectedBytes / 8)
        guard reserved > 0 else { return taken }
        let payload = taken.readableBytes - reserved
        let head = WebSocketEncoder.headerLength(payload: payload)
        let unused = reserved - head
        taken.moveReaderIndex(forwardBy: unused)
        reserved = 0
        let deflater = deflater
        let deflated = taken.withUnsafeMutableReadableBytes { bytes -> Int? in
            let message = bytes.baseAddress!
            if let deflater, let count = Self.deflate(message, head: head, length: payload, deflater) { return count }
            WebSocketEncoder.writeBinaryHeader(payload: payload, to: message)
            return nil
        }
        if let deflater { pool.note(deflater.work, of: payload) }
        if let deflated { taken.moveWriterIndex(to: taken.readerIndex + deflated) }
        return taken
    }

    /// A flushed buffer's storage is for whoever writes next.
    func recycle(_ flushed: ByteBuffer) { pool.give(flushed) }
}
