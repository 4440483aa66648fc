internal import CHiredis
public import NIOCore

/// A command and its arguments, any bytes each, end to end in one buffer.
public struct RedisCommand: Sendable {
    private var bytes = ByteBuffer()
    private var ends: [Int] = []
    /// A server that forbids it (NOPERM) is of use for the rest all the same.
    public var mayBeRefused = false

    public init(_ words: String...) { for word in words { append(word) } }

    public mutating func append(_ text: String) {
        bytes.writeString(text)
        ends.append(bytes.writerIndex)
    }

    public mutating func append(_ number: some FixedWidthInteger) { append(String(number)) }

    public mutating func append(_ argument: ByteBuffer) {
        bytes.writeImmutableBuffer(argument)
        ends.append(bytes.writerIndex)
    }

    /// An argument that `body` writes.
    public mutating func append(_ count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { free in
            body(UnsafeMutableRawBufferPointer(rebasing: free.prefix(count)))
            return count
        }
        ends.append(bytes.writerIndex)
    }

    public mutating func reserve(bytes count: Int) { bytes.reserveCapacity(minimumWritableBytes: count) }

    /// As it goes over the wire.
    /// - Throws: `unsent` where it is longer than hiredis can say (2 GiB) or there is no memory.
    func formatted() throws(RedisFailure) -> ByteBuffer {
        var target: UnsafeMutablePointer<CChar>?
        let length = bytes.withUnsafeReadableBytes { all -> Int32 in
            let start = all.baseAddress?.assumingMemoryBound(to: CChar.self)
            var from = 0
            var arguments: [UnsafePointer<CChar>?] = []
            var lengths: [Int] = []
            arguments.reserveCapacity(ends.count)
            lengths.reserveCapacity(ends.count)
            for end in ends {
                arguments.append(start.map { UnsafePointer($0 + from) })
                lengths.append(end - from)
                from = end
            }
            return redisFormatCommandArgv(&target, Int32(ends.count), &arguments, lengths)
        }
        guard length >= 0, let target else {
            throw .temporary("no memory for a command of \(bytes.readableBytes) bytes")
        }
        defer { redisFreeCommand(target) }
        return ByteBuffer(bytes: UnsafeRawBufferPointer(start: target, count: Int(length)))
    }
}
