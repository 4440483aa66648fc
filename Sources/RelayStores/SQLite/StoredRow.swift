import NIOCore
import RelayCore
import WireProtocol

/// The columns of a row that are numbers, as SQLite holds them.
struct RowNumbers {
    var sequence: Int64
    var flags: Int64
    var acceptedAt: Int64
    var expiresAt: Int64

    /// CRC-32 over these and the payload, which may come in two parts.
    func checksum(_ payload: UnsafeRawBufferPointer, _ rest: UnsafeRawBufferPointer? = nil) -> Int64 {
        let words = (sequence.littleEndian, flags.littleEndian, acceptedAt.littleEndian, expiresAt.littleEndian)
        let ofNumbers = withUnsafeBytes(of: words) { Checksum.crc32($0) }
        let ofPayload = Checksum.crc32(payload, continuing: ofNumbers)
        return Int64(rest.map { Checksum.crc32($0, continuing: ofPayload) } ?? ofPayload)
    }
}

extension RowNumbers {
    init(_ message: Message, sequence: Int64) {
        self.sequence = sequence
        flags = Int64(message.flags.rawValue)
        acceptedAt = Int64(clamping: message.acceptedAt)
        expiresAt = Int64(clamping: message.expiresAt)
    }
}

/// A row as the index and removal need it.
struct QueueEntry {
    var sequence: Int64
    var key: MessageKey
    var lane: Lane
    /// Of payload.
    var bytes: Int
    var isExactlyOnce: Bool
}

/// Reads rows of the queue.
enum StoredRow {
    static let columns = "sequence, flags, accepted_at, expires_at, checksum, header, body"
    /// What an entry is made of; the body is not read.
    static let entryColumns = "sequence, flags, header, length(body)"

    /// The message of `columns`; nil where any of them differs from what was written.
    static func message(_ statement: SQLiteStatement) -> QueuedMessage? {
        let numbers = numbers(statement)
        let (header, body) = (statement.bytes(5), statement.bytes(6))
        guard isIntact(numbers, header, body, checksum: statement.integer(4)) else { return nil }
        var payload = ByteBuffer()
        payload.reserveCapacity(header.count + body.count)
        payload.writeBytes(header)
        payload.writeBytes(body)
        let message = Message(
            routing: RoutingHeader(decoding: header.baseAddress!),
            flags: FrameFlags(rawValue: UInt8(truncatingIfNeeded: numbers.flags)),
            payload: payload,
            acceptedAt: UnixMilliseconds(clamping: numbers.acceptedAt),
            expiresAt: UnixMilliseconds(clamping: numbers.expiresAt)
        )
        return QueuedMessage(sequence: numbers.sequence, message: message)
    }

    /// The entry of `columns`; nil where any of them differs from what was written.
    static func intactEntry(_ statement: SQLiteStatement) -> QueueEntry? {
        let numbers = numbers(statement)
        let (header, body) = (statement.bytes(5), statement.bytes(6))
        guard isIntact(numbers, header, body, checksum: statement.integer(4)) else { return nil }
        return QueueEntry(numbers.sequence, flags: numbers.flags, header: header, bodyBytes: body.count)
    }

    /// The entry of `entryColumns`, unchecked; nil where the header is not one at all.
    static func entry(_ statement: SQLiteStatement) -> QueueEntry? {
        QueueEntry(
            statement.integer(0),
            flags: statement.integer(1),
            header: statement.bytes(2),
            bodyBytes: Int(statement.integer(3))
        )
    }

    private static func numbers(_ statement: SQLiteStatement) -> RowNumbers {
        RowNumbers(
            sequence: statement.integer(0),
            flags: statement.integer(1),
            acceptedAt: statement.integer(2),
            expiresAt: statement.integer(3)
        )
    }

    private static func isIntact(
        _ numbers: RowNumbers,
        _ header: UnsafeRawBufferPointer,
        _ body: UnsafeRawBufferPointer,
        checksum: Int64
    ) -> Bool {
        header.count == RoutingHeader.byteCount && numbers.checksum(header, body) == checksum
    }
}

extension QueueEntry {
    fileprivate init?(_ sequence: Int64, flags: Int64, header: UnsafeRawBufferPointer, bodyBytes: Int) {
        guard header.count == RoutingHeader.byteCount, let start = header.baseAddress else { return nil }
        let routing = RoutingHeader(decoding: start)
        let flags = FrameFlags(rawValue: UInt8(truncatingIfNeeded: flags))
        self.sequence = sequence
        key = MessageKey(recipient: routing.recipient, sender: routing.sender, id: routing.id)
        lane = routing.lane(flags: flags)
        bytes = header.count + bodyBytes
        isExactlyOnce = routing.mode(flags: flags) == .exactlyOnce
    }

    init(_ message: Message, sequence: Int64) {
        self.sequence = sequence
        key = message.key
        lane = message.lane
        bytes = message.byteCount
        isExactlyOnce = message.mode == .exactlyOnce
    }
}
