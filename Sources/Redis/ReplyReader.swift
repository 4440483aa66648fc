internal import CHiredis
import NIOCore

/// Replies out of the bytes of a connection, by hiredis' reader.
final class ReplyReader {
    private let reader: UnsafeMutablePointer<redisReader>
    private let maxReplyBytes: Int

    /// - Parameter maxReplyBytes: read and not yet a whole reply; more of them is an error.
    init(maxReplyBytes: Int) throws(RedisFailure) {
        guard let reader = redisReaderCreate() else { throw .temporary("no memory for a reader of replies") }
        self.reader = reader
        self.maxReplyBytes = maxReplyBytes
    }

    deinit { redisReaderFree(reader) }

    func feed(_ bytes: ByteBuffer) throws(RedisFailure) {
        let held = reader.pointee.len - reader.pointee.pos + bytes.readableBytes
        guard held <= maxReplyBytes else { throw .temporary("a reply is longer than \(maxReplyBytes) bytes") }
        let code = bytes.withUnsafeReadableBytes { bytes in
            redisReaderFeed(reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        guard code == REDIS_OK else { throw problem }
    }

    /// The next whole reply; nil where more bytes are to come first.
    func next() throws(RedisFailure) -> RedisReply? {
        var found: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &found) == REDIS_OK else { throw problem }
        guard let found else { return nil }
        defer { freeReplyObject(found) }
        return Self.reply(found.assumingMemoryBound(to: redisReply.self).pointee)
    }

    private var problem: RedisFailure {
        let text = withUnsafeBytes(of: reader.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return .temporary("what the server sent is not the Redis protocol: \(text)")
    }

    // hiredis lets arrays nest seven deep, which bounds the recursion.
    private static func reply(_ reply: redisReply) -> RedisReply {
        let bytes = UnsafeRawBufferPointer(start: reply.str, count: reply.str == nil ? 0 : reply.len)
        switch reply.type {
        case REDIS_REPLY_STRING: return .string(ByteBuffer(bytes: bytes))
        case REDIS_REPLY_STATUS: return .status(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_ERROR: return .error(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_INTEGER: return .integer(reply.integer)
        case REDIS_REPLY_ARRAY:
            return .array(
                UnsafeBufferPointer(start: reply.element, count: reply.elements).map { element in
                    element.map { Self.reply($0.pointee) } ?? .null
                }
            )
        default: return .null
        }
    }
}
