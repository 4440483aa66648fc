import Compression
import NIOCore
import WireProtocol

/// Buffers that one event loop uses again, the one given back last first: its bytes are still in the cache. Kept by
/// powers of two, so that nobody gets more than twice what it asked for.
final class BufferPool {
    /// Of all buffers that lie here unused.
    static let maxBytes = 16 << 20
    private static let sizes = 10...19

    /// Of the frames that are written into the buffers.
    var renumbering = FrameRenumbering()
    /// For what is converted on the event loop.
    let codec = Codec()
    /// For WebSocket messages, by the bits of the window; made where a connection negotiated it.
    private var deflaters: [Int: Deflater] = [:]
    private var deflating: [CompressionWork] = []
    private var spare = [[ByteBuffer]](repeating: [], count: sizes.count)
    private(set) var byteCount = 0

    func take(capacity: Int) -> ByteBuffer {
        let size = Int.bitWidth - (max(capacity, 1 << Self.sizes.lowerBound) - 1).leadingZeroBitCount
        if size <= Self.sizes.upperBound, var found = spare[size - Self.sizes.lowerBound].popLast() {
            byteCount -= found.capacity
            // Here and not in `give`, where whoever gave it may still hold it: that would allocate.
            found.clear()
            return found
        }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(1 << size)
        return buffer
    }

    func deflater(windowBits: Int) -> Deflater? {
        if let made = deflaters[windowBits] { return made }
        deflaters[windowBits] = Deflater(windowBits: windowBits)
        return deflaters[windowBits]
    }

    /// - Parameter length: of the message; one that was not tried is not told.
    func note(_ work: CompressionWork, of length: Int) {
        if work.inputBytes == length { deflating.append(work) }
    }

    /// Since the last call.
    func takeDeflating() -> [CompressionWork] {
        guard !deflating.isEmpty else { return [] }
        defer { deflating.removeAll(keepingCapacity: deflating.capacity <= 256) }
        return deflating
    }

    func give(_ buffer: ByteBuffer) {
        let size = Int.bitWidth - 1 - buffer.capacity.leadingZeroBitCount
        guard Self.sizes.contains(size), byteCount + buffer.capacity <= Self.maxBytes else { return }
        byteCount += buffer.capacity
        spare[size - Self.sizes.lowerBound].append(buffer)
    }
}
