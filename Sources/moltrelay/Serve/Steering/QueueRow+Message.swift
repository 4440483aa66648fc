import FoundationEssentials
import NIOCore
import RelayAdmin
import RelayCore
import WireProtocol

extension QueueRow {
    init(_ message: Message) {
        let payload = Array(message.payload.readableBytesView)
        let (flags, accepted, expires) = (message.flags.rawValue, message.acceptedAt, message.expiresAt)
        self.init(
            recipient: message.routing.recipient.description,
            sender: message.routing.sender.description,
            id: message.routing.id.description,
            flags: flags,
            acceptedAt: accepted,
            expiresAt: expires,
            payload: Data(payload).base64EncodedString(),
            crc32: Self.checksum(flags, accepted, expires, payload)
        )
    }

    /// Eight digits over the numbers, in network order, and the payload.
    static func checksum(_ flags: UInt8, _ accepted: UInt64, _ expires: UInt64, _ payload: [UInt8]) -> String {
        let words = (UInt64(flags).bigEndian, accepted.bigEndian, expires.bigEndian)
        let ofNumbers = withUnsafeBytes(of: words) { Checksum.crc32($0) }
        let sum = payload.withUnsafeBytes { Checksum.crc32($0, continuing: ofNumbers) }
        return Hex.encode(withUnsafeBytes(of: sum.bigEndian) { Array($0) })
    }
}

/// Why a row is not a message.
struct RowRefusal: Error {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}

extension Message {
    /// Everything a row says twice must agree, and its header must be one that this relay takes.
    init(_ row: QueueRow) throws(RowRefusal) {
        guard let bytes = Data(base64Encoded: row.payload).map(Array.init) else {
            throw RowRefusal("payload is not base64")
        }
        guard (RoutingHeader.byteCount...FrameHeader.maxPayloadBytes).contains(bytes.count) else {
            throw RowRefusal("payload has \(bytes.count) bytes, a message has 96 to \(FrameHeader.maxPayloadBytes)")
        }
        guard QueueRow.checksum(row.flags, row.acceptedAt, row.expiresAt, bytes) == row.crc32 else {
            throw RowRefusal("crc32 does not hold: the row was changed or damaged")
        }
        let routing = bytes.withUnsafeBytes { RoutingHeader(decoding: $0.baseAddress!) }
        let flags = FrameFlags(rawValue: row.flags)
        for (member, text, inside) in [
            ("recipient", row.recipient, routing.recipient.description),
            ("sender", row.sender, routing.sender.description),
            ("id", row.id, routing.id.description),
        ] where text != inside {
            throw RowRefusal("\(member) is not the payload's")
        }
        guard flags.isDisjoint(with: .reserved) else { throw RowRefusal("flags are not those of a message") }
        switch routing.mode(flags: flags) {
        case .atLeastOnce, .exactlyOnce: break
        case .bestEffort, nil: throw RowRefusal("its delivery mode is none that is queued")
        }
        guard row.acceptedAt < row.expiresAt else { throw RowRefusal("expires_at_ms is not after accepted_at_ms") }
        self.init(
            routing: routing,
            flags: flags,
            payload: ByteBuffer(bytes: bytes),
            acceptedAt: row.acceptedAt,
            expiresAt: row.expiresAt
        )
    }
}
