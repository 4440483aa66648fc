import CZlib

/// Compresses the messages of permessage-deflate, each on its own, so that one serves all connections of a loop.
public final class Deflater {
    /// A longer message goes as it is: it would hold the loop up, and envelopes have compression of their own.
    public static let maxBytes = 64 * 1024
    /// A shorter one has little to gain.
    public static let minBytes = 128

    private let stream: UnsafeMutablePointer<z_stream>
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: maxBytes, alignment: 16)

    /// Of the last message.
    public private(set) var work = CompressionWork(nil, .compress)

    /// nil where there is no memory.
    /// - Parameter windowBits: 9 to 15; the window takes 2^(windowBits+2) bytes, and 128 KiB come on top.
    public init?(windowBits: Int) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let isMade = deflateInit2_(
            stream,
            Z_BEST_SPEED,
            Z_DEFLATED,
            -Int32(windowBits),
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard isMade == Z_OK else { return nil }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        output.deallocate()
    }

    /// What goes in the message's place, valid until the next call; nil where it goes as it is.
    public func deflate(_ message: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        work = CompressionWork(nil, .probe)
        guard Self.minBytes...Self.maxBytes ~= message.count, deflateReset(stream) == Z_OK else { return nil }
        stream.pointee.next_in = UnsafeMutablePointer(mutating: message.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(message.count)
        stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(message.count)
        let start = CompressionWork.processorTime
        let result = CZlib.deflate(stream, Z_SYNC_FLUSH)
        work.nanoseconds = CompressionWork.processorTime &- start
        // It ends with the empty block that the peer adds itself.
        let written = message.count - Int(stream.pointee.avail_out) - 4
        (work.inputBytes, work.outputBytes) = (message.count, written)
        work.operation = result == Z_OK && stream.pointee.avail_out > 0 && written > 0 ? .compress : .probe
        return work.operation == .compress ? UnsafeRawBufferPointer(rebasing: output[..<written]) : nil
    }
}
