/// What an ACK promises (protocol section 7).
public enum AckType: UInt8, Sendable, CaseIterable {
    /// Durably stored, not yet acknowledged by the recipient.
    case queued = 0
    case received = 1
    case processed = 2

    public var name: String {
        switch self {
        case .queued: "queued"
        case .received: "received"
        case .processed: "processed"
        }
    }

    init?(name: String) {
        guard let type = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = type
    }
}

/// Messages taken over by whoever sends this.
public struct Ack: Document {
    public static let frameType = FrameType.ack
    /// More are split over several frames, so that each stays under `SessionConfiguration.maxDocumentBytes` at the
    /// peer.
    public static let maxIDs = 4096

    public var messageIDs: [MessageID]
    public var type: AckType
    /// Unix milliseconds; the binary form has none.
    public var timestamp: UInt64?

    public init(messageIDs: [MessageID], type: AckType, timestamp: UInt64?) {
        self.messageIDs = messageIDs
        self.type = type
        self.timestamp = timestamp
    }

    enum CodingKeys: String, CodingKey {
        case messageIDs = "message_ids"
        case type = "ack_type"
        case timestamp
    }

    public init(json: [UInt8]) throws(DocumentError) {
        var reader = AckReader(json: json)
        self = if let ack = reader.read() { ack } else { try Self.decoded(from: json) }
    }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        messageIDs = try members.decode([MessageID].self, forKey: .messageIDs)
        guard let type = AckType(name: try members.decode(String.self, forKey: .type)) else {
            throw members.wrong(.type, expected: "queued, received or processed")
        }
        self.type = type
        timestamp = try members.decodeIfPresent(UInt64.self, forKey: .timestamp)
    }

    public func write(to json: inout JSONWriter) {
        json.reserve(128 + messageIDs.count * (MessageID.uuidByteCount + 3))
        json.object { json in
            json.member(CodingKeys.messageIDs, messageIDs)
            json.member(CodingKeys.type, type.name)
            json.member(CodingKeys.timestamp, ifPresent: timestamp)
        }
    }
}

/// With `ack:binary`: type (1), number of ids (2), the ids (16 each).
extension Ack {
    private static let binaryHeaderByteCount = 3

    /// Takes either form. The binary one begins with 0, 1 or 2, which no JSON does.
    public init(payload: [UInt8], binaryNegotiated: Bool) throws(DocumentError) {
        if binaryNegotiated, let first = payload.first, AckType(rawValue: first) != nil {
            try self.init(binary: payload)
        } else {
            try self.init(json: payload)
        }
    }

    public init(binary payload: [UInt8]) throws(DocumentError) {
        guard payload.count >= Self.binaryHeaderByteCount else { throw .binary(expected: "at least 3 bytes") }
        guard let type = AckType(rawValue: payload[0]) else { throw .binary(expected: "of type 0, 1 or 2") }
        let count = Int(payload[1]) << 8 | Int(payload[2])
        guard payload.count == Self.binaryHeaderByteCount + count * MessageID.byteCount else {
            throw .binary(expected: "as long as its count says")
        }
        let ids = payload.withUnsafeBytes { bytes in
            (0..<count).map { index in
                let start = Self.binaryHeaderByteCount + index * MessageID.byteCount
                return MessageID(UnsafeRawBufferPointer(rebasing: bytes[start..<start + MessageID.byteCount]))
            }
        }
        self.init(messageIDs: ids, type: type, timestamp: nil)
    }

    /// At most 65,535 ids fit; `maxIDs` keeps below that.
    public var binary: [UInt8] {
        precondition(messageIDs.count <= Int(UInt16.max))
        let count = Self.binaryHeaderByteCount + messageIDs.count * MessageID.byteCount
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            bytes[0] = type.rawValue
            bytes.storeBytes(of: UInt16(messageIDs.count).bigEndian, toByteOffset: 1, as: UInt16.self)
            for (index, id) in messageIDs.enumerated() {
                id.write(to: bytes.baseAddress! + Self.binaryHeaderByteCount + index * MessageID.byteCount)
            }
            initialized = count
        }
    }
}
