import Glibc
public import WireProtocol

/// Why bytes are not what they were said to be. A closed set: it becomes a label.
public enum CompressionFlaw: String, Error, Sendable, CaseIterable {
    /// The head before the data: another algorithm than was negotiated, or beside ENCRYPTED.
    case head
    /// They inflate to another number of bytes than they were said to.
    case size
    /// The algorithm cannot read them.
    case corrupt
    /// Something follows their end.
    case trailing

    public var explanation: String {
        switch self {
        case .head: "the head of the compressed envelope does not fit what was negotiated"
        case .size: "the envelope does not inflate to the size before it"
        case .corrupt: "the envelope is not what its algorithm writes"
        case .trailing: "bytes follow the end of the compressed envelope"
        }
    }
}

/// One use of an algorithm, and what it took.
public struct CompressionWork: Equatable, Sendable {
    public enum Operation: Sendable, CaseIterable {
        case compress, inflate
        /// Compressed to see whether it is worth it, and it was not.
        case probe
    }

    /// nil: permessage-deflate, of a WebSocket message.
    public var algorithm: CompressionAlgorithm?
    public var operation: Operation
    public var inputBytes: Int
    public var outputBytes: Int
    /// Of the CPU.
    public var nanoseconds: UInt64

    public init(
        _ algorithm: CompressionAlgorithm?,
        _ operation: Operation,
        inputBytes: Int = 0,
        outputBytes: Int = 0,
        nanoseconds: UInt64 = 0
    ) {
        self.algorithm = algorithm
        self.operation = operation
        self.inputBytes = inputBytes
        self.outputBytes = outputBytes
        self.nanoseconds = nanoseconds
    }

    /// Of this thread, in nanoseconds.
    static var processorTime: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
