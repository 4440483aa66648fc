import CZlib

/// Inflates the messages of permessage-deflate (RFC 7692 section 7.2.2), each on its own: nothing is kept between them,
/// so one serves many connections. 39 KiB in zlib and 32 KiB of room for a piece that comes and what it inflates to.
public final class Inflater {
    public static let pieceBytes = 16 * 1024
    /// What a sender leaves out at the end of each message.
    private static let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]

    private let stream: UnsafeMutablePointer<z_stream>
    /// For the caller to put a piece into, unmasked.
    public let input = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 16)
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 16)
    /// Of the message so far.
    public private(set) var work = CompressionWork(nil, .inflate)

    /// nil where there is no memory.
    public init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(stream, -MAX_WBITS, ZLIB_VERSION, size) == Z_OK else { return nil }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
        output.deallocate()
    }

    public func beginMessage() {
        inflateReset(stream)
        work = CompressionWork(nil, .inflate)
    }

    /// - Parameters:
    ///   - count: bytes in `input`.
    ///   - take: called with each piece that comes of them; false ends it.
    public func inflate(_ count: Int, _ take: (UnsafeRawBufferPointer) -> Bool) throws(CompressionFlaw) {
        work.inputBytes += count
        try inflate(UnsafeRawBufferPointer(rebasing: input[..<count]), take)
    }

    /// The message has ended.
    public func endMessage(_ take: (UnsafeRawBufferPointer) -> Bool) throws(CompressionFlaw) {
        Self.tail.withUnsafeBytes { input.copyMemory(from: $0) }
        try inflate(UnsafeRawBufferPointer(rebasing: input[..<Self.tail.count]), take)
    }

    private func inflate(
        _ bytes: UnsafeRawBufferPointer,
        _ take: (UnsafeRawBufferPointer) -> Bool
    ) throws(CompressionFlaw) {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(bytes.count)
        repeat {
            stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
            stream.pointee.avail_out = UInt32(output.count)
            let start = CompressionWork.processorTime
            let result = CZlib.inflate(stream, Z_SYNC_FLUSH)
            work.nanoseconds += CompressionWork.processorTime &- start
            switch result {
            case Z_OK, Z_BUF_ERROR: break
            // A block that calls itself the last: the next begins anew (section 7.2.3.4).
            case Z_STREAM_END: inflateReset(stream)
            default: throw .corrupt
            }
            let written = output.count - Int(stream.pointee.avail_out)
            work.outputBytes += written
            if written > 0, !take(UnsafeRawBufferPointer(rebasing: output[..<written])) { return }
        } while stream.pointee.avail_out == 0 || stream.pointee.avail_in > 0
    }
}
