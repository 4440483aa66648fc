import CZlib

/// One gzip member (RFC 1952) by zlib.
public enum Gzip {
    /// zlib's fastest: a scrape compresses 10 to 1 at it, and a third better at four times the time.
    public static let scrapeLevel: Int32 = 1

    /// Appends `input` compressed to `output`, a chunk at a time.
    public static func compress(
        _ input: [UInt8],
        into output: inout [UInt8],
        level: Int32 = scrapeLevel
    ) throws(GzipFailure) {
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        // 16 over the window bits asks for a gzip wrapper.
        let start = deflateInit2_(
            &stream,
            level,
            Z_DEFLATED,
            MAX_WBITS + 16,
            MAX_MEM_LEVEL,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            size
        )
        guard start == Z_OK else { throw GzipFailure(code: start) }
        defer { deflateEnd(&stream) }
        let end = input.withUnsafeBufferPointer { deflateAll($0, &stream, into: &output) }
        guard end == Z_STREAM_END else { throw GzipFailure(code: end) }
    }

    private static let chunkBytes = 16 * 1024

    private static func deflateAll(
        _ input: UnsafeBufferPointer<UInt8>,
        _ stream: inout z_stream,
        into output: inout [UInt8]
    ) -> Int32 {
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(input.count)
        var result = Z_OK
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: chunkBytes) { chunk in
            repeat {
                stream.next_out = chunk.baseAddress
                stream.avail_out = UInt32(chunkBytes)
                result = deflate(&stream, Z_FINISH)
                output.append(contentsOf: chunk.prefix(chunkBytes - Int(stream.avail_out)))
            } while result == Z_OK
        }
        return result
    }
}

/// What zlib returned. Memory is all it can be short of.
public struct GzipFailure: Error, Equatable {
    public let code: Int32
}
