public import NIOCore

/// What a server answered.
public enum RedisReply: Sendable, Equatable {
    case string(ByteBuffer)
    case status(String)
    case integer(Int64)
    case array([RedisReply])
    case null
    /// An error within an array; one that is the whole answer comes as a failure.
    case error(String)

    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .string(let bytes): Int64(String(buffer: bytes))
        default: nil
        }
    }

    public var array: [RedisReply]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    public var bytes: ByteBuffer? {
        guard case .string(let bytes) = self else { return nil }
        return bytes
    }

    public var text: String? {
        switch self {
        case .string(let bytes): String(buffer: bytes)
        case .status(let text): text
        default: nil
        }
    }
}
