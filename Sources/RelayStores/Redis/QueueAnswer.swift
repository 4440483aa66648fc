import NIOCore
import Redis
import RelayCore
import WireProtocol

/// What is queued, as scripts begin their answers.
struct QueueSums {
    static let count = 11

    var messages: Int
    var bytes: Int
    var oldestAcceptedAt: UnixMilliseconds?
    var own = QueueShare()
    /// Exactly-once ones, queued and remembered.
    var exactlyOnceKeys = 0
    var anonymousPins = 0

    init?(_ answer: [RedisReply]) {
        guard answer.count >= Self.count, let messages = answer[0].integer, let bytes = answer[1].integer else {
            return nil
        }
        self.messages = Int(messages)
        self.bytes = Int(bytes)
        oldestAcceptedAt = answer[2].unsigned
        own.messages = Int(answer[3].integer ?? 0)
        own.bytes = Int(answer[4].integer ?? 0)
        own.takenOver = Int(answer[5].integer ?? 0)
        own.handedOver = Int(answer[6].integer ?? 0)
        own.adopted = Int(answer[7].integer ?? 0)
        own.put = Int(answer[8].integer ?? 0)
        exactlyOnceKeys = Int(answer[9].integer ?? 0)
        anonymousPins = Int(answer[10].integer ?? 0)
    }
}

/// What a queue holds of what is limited over all of them, where it is one of several.
struct QueueHoldings: Equatable {
    var bytes = 0
    /// Exactly-once ones, queued and remembered.
    var exactlyOnceKeys = 0
    var anonymousPins = 0

    init() {}

    init(_ sums: QueueSums) {
        (bytes, exactlyOnceKeys, anonymousPins) = (sums.bytes, sums.exactlyOnceKeys, sums.anonymousPins)
    }

    static func += (a: inout Self, b: Self) {
        a.bytes += b.bytes
        a.exactlyOnceKeys += b.exactlyOnceKeys
        a.anonymousPins += b.anonymousPins
    }

    static func -= (a: inout Self, b: Self) {
        a.bytes -= b.bytes
        a.exactlyOnceKeys -= b.exactlyOnceKeys
        a.anonymousPins -= b.anonymousPins
    }
}

/// Answers of the scripts; nil where one is not what they answer.
enum QueueAnswer {
    static func outcomes(_ reply: RedisReply) -> (QueueSums, [StoreOutcome])? {
        guard let parts = reply.array, let sums = QueueSums(parts) else { return nil }
        var outcomes: [StoreOutcome] = []
        outcomes.reserveCapacity(parts.count)
        for part in parts.dropFirst(QueueSums.count) {
            guard let number = part.integer, let outcome = outcome(number) else { return nil }
            outcomes.append(outcome)
        }
        return (sums, outcomes)
    }

    private static func outcome(_ number: Int64) -> StoreOutcome? {
        switch number {
        case 1...: .stored(sequence: number)
        case 0: .absent
        case -1: .duplicate
        case -2: .removed
        case -3: .refused(.messagesPerAgent)
        case -4: .refused(.sharePerSender)
        case -5: .refused(.totalBytes)
        case -6: .refused(.deduplicationIDs)
        default: nil
        }
    }

    static func keys(_ reply: RedisReply) -> (QueueSums, [MessageKey])? {
        guard let parts = reply.array, let sums = QueueSums(parts) else { return nil }
        let keys = parts.dropFirst(QueueSums.count).compactMap { $0.bytes.flatMap(MessageKey.init(redis:)) }
        return keys.count == parts.count - QueueSums.count ? (sums, keys) : nil
    }

    /// - Returns: with the page how many messages were passed over because they were not what was written.
    static func page(_ reply: RedisReply) -> (QueuePage, damaged: Int)? {
        guard let parts = reply.array, let isLast = parts.first?.integer, parts.count % 6 == 1 else { return nil }
        var page = QueuePage(messages: [], isLast: isLast == 1)
        var damaged = 0
        for start in stride(from: 1, to: parts.count, by: 6) {
            if let message = QueuedMessage(redis: parts[start..<start + 6]) {
                page.messages.append(message)
            } else {
                damaged += 1
            }
        }
        return (page, damaged)
    }

    static func status(_ reply: RedisReply) -> QueueStatus? {
        guard let parts = reply.array, parts.count == 2 else { return nil }
        return QueueStatus(messages: Int(parts[0].integer ?? 0), oldestAcceptedAt: parts[1].unsigned)
    }

    static func loads(_ reply: RedisReply) -> (agents: Int, loads: [QueueLoad])? {
        guard let parts = reply.array, let agents = parts.first?.integer, parts.count % 5 == 1 else { return nil }
        let loads = stride(from: 1, to: parts.count, by: 5).compactMap { QueueLoad(redis: parts[$0..<$0 + 5]) }
        return (Int(agents), loads)
    }
}

struct QueueLoad {
    var recipient: AgentHash
    var messages: Int
    var bytes: Int
    var firstSequence: Int64
    var oldestAcceptedAt: UnixMilliseconds?

    fileprivate init?(redis parts: ArraySlice<RedisReply>) {
        let start = parts.startIndex
        guard let recipient = parts[start].bytes.flatMap({ AgentHash(bytes: $0.readableBytesView) }),
            let messages = parts[start + 1].integer, let bytes = parts[start + 2].integer,
            let first = parts[start + 3].integer
        else { return nil }
        self.recipient = recipient
        self.messages = Int(messages)
        self.bytes = Int(bytes)
        firstSequence = first
        oldestAcceptedAt = parts[start + 4].unsigned
    }
}

extension QueuedMessage {
    fileprivate init?(redis parts: ArraySlice<RedisReply>) {
        let start = parts.startIndex
        guard let sequence = parts[start].integer, let acceptedAt = parts[start + 1].unsigned,
            let expiresAt = parts[start + 2].unsigned, let flags = parts[start + 3].integer,
            let checksum = parts[start + 4].integer, let payload = parts[start + 5].bytes,
            payload.readableBytes >= RoutingHeader.byteCount, let bits = UInt8(exactly: flags)
        else { return nil }
        let routing = payload.withUnsafeReadableBytes { RoutingHeader(decoding: $0.baseAddress!) }
        let message = Message(
            routing: routing,
            flags: FrameFlags(rawValue: bits),
            payload: payload,
            acceptedAt: acceptedAt,
            expiresAt: expiresAt
        )
        guard message.redisChecksum == checksum else { return nil }
        self.init(sequence: sequence, message: message)
    }
}

extension Message {
    /// Without the sequence, which the server gives.
    var redisChecksum: Int64 {
        payload.withUnsafeReadableBytes { RowNumbers(self, sequence: 0).checksum($0) }
    }
}

extension MessageKey {
    private static let byteCount = 2 * AgentHash.byteCount + MessageID.byteCount

    /// Recipient, sender, id.
    fileprivate init?(redis bytes: ByteBuffer) {
        guard bytes.readableBytes == Self.byteCount else { return nil }
        self = bytes.withUnsafeReadableBytes { bytes in
            let (first, second) = (AgentHash.byteCount, 2 * AgentHash.byteCount)
            return MessageKey(
                recipient: AgentHash(UnsafeRawBufferPointer(rebasing: bytes[..<first])),
                sender: AgentHash(UnsafeRawBufferPointer(rebasing: bytes[first..<second])),
                id: MessageID(UnsafeRawBufferPointer(rebasing: bytes[second...]))
            )
        }
    }
}

extension RedisReply {
    var unsigned: UInt64? {
        switch self {
        case .integer(let value): UInt64(exactly: value)
        case .string(let bytes): UInt64(String(buffer: bytes))
        default: nil
        }
    }
}
