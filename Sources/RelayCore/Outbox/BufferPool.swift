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

    func give(_ buffer: ByteBuffer) {
        let size = Int.bitWidth - 1 - buffer.capacity.leadingZeroBitCount
        guard Self.sizes.contains(size), byteCount + buffer.capacity <= Self.maxBytes else { return }
        byteCount += buffer.capacity
        spare[size - Self.sizes.lowerBound].append(buffer)
    }
}
