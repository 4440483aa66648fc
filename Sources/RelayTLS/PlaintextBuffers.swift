public import NIOCore

/// Where a connection's plaintext is decrypted into, for a loop whose connections read through shared buffers.
public struct PlaintextBuffers {
    let take: (_ ciphertext: ByteBuffer, _ allocator: ByteBufferAllocator) -> ByteBuffer
    let giveBack: (ByteBuffer) -> Void

    /// - Parameters:
    ///   - take: a buffer with room, for what was read into `ciphertext`.
    ///   - giveBack: takes a buffer that is used up, ciphertext too.
    public init(
        take: @escaping (_ ciphertext: ByteBuffer, _ allocator: ByteBufferAllocator) -> ByteBuffer,
        giveBack: @escaping (ByteBuffer) -> Void
    ) {
        self.take = take
        self.giveBack = giveBack
    }

    private static let minBytes = 1_024

    /// A buffer for each read.
    static var unshared: PlaintextBuffers {
        PlaintextBuffers(
            take: { ciphertext, allocator in allocator.buffer(capacity: max(minBytes, ciphertext.readableBytes)) },
            giveBack: { _ in }
        )
    }
}
