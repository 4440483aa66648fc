import NIOCore
import RelayCore
import WireProtocol

/// The part of a row that is not its payload, as 128 bytes in one place: what is bound from it and what its checksum
/// covers are the same bytes.
final class RowBytes {
    private static let recipientOffset = 0
    private static let senderOffset = 32
    private static let idOffset = 64
    private static let numbersOffset = 80
    private static let byteCount = 128

    private let base = UnsafeMutableRawPointer.allocate(byteCount: RowBytes.byteCount, alignment: 8)

    deinit { base.deallocate() }

    func set(_ key: MessageKey) {
        key.recipient.write(to: base + Self.recipientOffset)
        key.sender.write(to: base + Self.senderOffset)
        key.id.write(to: base + Self.idOffset)
    }

    var recipient: UnsafeRawBufferPointer { bytes(at: Self.recipientOffset, count: AgentHash.byteCount) }
    var sender: UnsafeRawBufferPointer { bytes(at: Self.senderOffset, count: AgentHash.byteCount) }
    var id: UnsafeRawBufferPointer { bytes(at: Self.idOffset, count: MessageID.byteCount) }

    /// CRC-32 over the key that was set, these numbers and the payload.
    func checksum(_ numbers: RowNumbers, payload: UnsafeRawBufferPointer) -> UInt32 {
        store(numbers.sequence, at: 0)
        store(numbers.lane, at: 1)
        store(numbers.flags, at: 2)
        store(numbers.mode, at: 3)
        store(numbers.acceptedAt, at: 4)
        store(numbers.expiresAt, at: 5)
        return Checksum.crc32(payload, continuing: Checksum.crc32(base, count: Self.byteCount))
    }

    private func store(_ number: Int64, at index: Int) {
        base.storeBytes(of: number.littleEndian, toByteOffset: Self.numbersOffset + 8 * index, as: Int64.self)
    }

    private func bytes(at offset: Int, count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + offset, count: count)
    }
}

/// The columns of a row that are numbers, as SQLite holds them.
struct RowNumbers {
    var sequence: Int64
    var lane: Int64
    var flags: Int64
    var mode: Int64
    var acceptedAt: Int64
    var expiresAt: Int64
}

extension RowNumbers {
    init(_ message: Message, sequence: Int64) {
        self.sequence = sequence
        lane = Int64(message.lane.rawValue)
        flags = Int64(message.flags.rawValue)
        mode = Int64(message.mode?.rawValue ?? 0)
        acceptedAt = Int64(clamping: message.acceptedAt)
        expiresAt = Int64(clamping: message.expiresAt)
    }
}

/// Reads whole rows of the queue and trusts none.
struct RowReader {
    static let columns = """
        sequence, lane, flags, mode, accepted_at, expires_at, checksum, recipient_bits, recipient, sender, id, payload
        """

    private let scratch = RowBytes()

    /// nil where any column differs from what was written.
    func read(_ statement: SQLiteStatement) -> QueuedMessage? {
        let numbers = RowNumbers(
            sequence: statement.integer(0),
            lane: statement.integer(1),
            flags: statement.integer(2),
            mode: statement.integer(3),
            acceptedAt: statement.integer(4),
            expiresAt: statement.integer(5)
        )
        let payload = statement.bytes(11)
        guard let key = key(statement, from: 8), statement.integer(7) == key.recipient.bits else { return nil }
        guard payload.count >= RoutingHeader.byteCount, let start = payload.baseAddress else { return nil }
        scratch.set(key)
        guard Int64(scratch.checksum(numbers, payload: payload)) == statement.integer(6) else { return nil }
        let message = Message(
            routing: RoutingHeader(decoding: start),
            flags: FrameFlags(rawValue: UInt8(truncatingIfNeeded: numbers.flags)),
            payload: ByteBuffer(bytes: payload),
            acceptedAt: UnixMilliseconds(numbers.acceptedAt),
            expiresAt: UnixMilliseconds(numbers.expiresAt)
        )
        return QueuedMessage(sequence: numbers.sequence, message: message)
    }

    /// The key in the columns recipient, sender and id from `first` on.
    func key(_ statement: SQLiteStatement, from first: Int32) -> MessageKey? {
        let (recipient, sender, id) = (statement.bytes(first), statement.bytes(first + 1), statement.bytes(first + 2))
        guard recipient.count == AgentHash.byteCount, sender.count == AgentHash.byteCount else { return nil }
        guard id.count == MessageID.byteCount else { return nil }
        return MessageKey(recipient: AgentHash(recipient), sender: AgentHash(sender), id: MessageID(id))
    }
}

extension AgentHash {
    /// What the indexes of the queue hold of a recipient.
    var bits: Int64 { Int64(bitPattern: uniformBits) }
}
