import NIOCore

/// Reads of all connections of a loop go through one buffer: it is large, so that a read takes what there is, it stays
/// in the cache, and an idle connection has none.
struct SharedReadBuffer: RecvByteBufferAllocator {
    static let byteCount = 256 * 1024
    /// The channels' `maxMessagesPerRead`, since NIO keeps a pool of so many buffers a channel.
    static let readsPerTick: UInt = 1

    let loop: DataLoop

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { loop.takeReadBuffer(allocator) }

    /// The one of the last read is not to be used again: it may be another connection's by now.
    func record(actualReadBytes: Int) -> Bool { true }
}
