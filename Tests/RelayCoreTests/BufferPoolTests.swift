import NIOCore
import Testing

@testable import RelayCore

@Suite struct BufferPoolTests {
    private static func address(_ buffer: ByteBuffer) -> UnsafeRawPointer? {
        buffer.withVeryUnsafeBytes { $0.baseAddress }
    }

    @Test func theLastOneGivenGoesOutFirst() {
        let pool = BufferPool()
        let first = pool.take(capacity: 3_000)
        let second = pool.take(capacity: 3_000)
        let (firstAddress, secondAddress) = (Self.address(first), Self.address(second))
        pool.give(consume first)
        pool.give(consume second)
        let third = pool.take(capacity: 3_000)
        let fourth = pool.take(capacity: 3_000)
        #expect(Self.address(third) == secondAddress)
        #expect(Self.address(fourth) == firstAddress)
        #expect(pool.byteCount == 0)
    }

    @Test(arguments: [1, 1_024, 1_025, 3_000, 4_096, 262_144, 300_000])
    func nobodyGetsMoreThanTwiceWhatWasAskedFor(capacity: Int) {
        let pool = BufferPool()
        for size in 10...19 { pool.give(ByteBufferAllocator().buffer(capacity: 1 << size)) }
        let taken = pool.take(capacity: capacity)
        #expect(taken.capacity >= capacity)
        #expect(taken.capacity <= 2 * max(capacity, 1_024))
        #expect(taken.readableBytes == 0)
    }

    @Test func keepsNoMoreThanItsBound() {
        let pool = BufferPool()
        for _ in 0..<100 { pool.give(ByteBufferAllocator().buffer(capacity: 256 * 1_024)) }
        #expect(pool.byteCount == BufferPool.maxBytes)
        // Too large or too small to be worth it.
        let other = BufferPool()
        other.give(ByteBufferAllocator().buffer(capacity: 2 << 20))
        other.give(ByteBuffer())
        #expect(other.byteCount == 0)
    }

    /// Whoever gave a buffer and still holds it keeps its bytes.
    @Test func sharesNoBytes() {
        let pool = BufferPool()
        var held = pool.take(capacity: 2_000)
        held.writeString("kept")
        pool.give(held)
        var next = pool.take(capacity: 2_000)
        next.writeString("other")
        #expect(String(buffer: held) == "kept")
    }
}
