/// A queued message outside of its relay: a line of what `moltrelay queue export` writes. A contract:
/// docs/admin-api.md.
public struct QueueRow: Codable, Sendable, Equatable {
    /// `sha256:` and 64 digits.
    public var recipient: String
    public var sender: String
    /// A UUID.
    public var id: String
    public var flags: UInt8
    /// Milliseconds since 1970.
    public var acceptedAt: UInt64
    public var expiresAt: UInt64
    /// Routing header, trace context where there is one, envelope; in base64.
    public var payload: String
    /// CRC-32, eight digits, over flags, both times (eight bytes each, network order) and payload.
    public var crc32: String

    enum CodingKeys: String, CodingKey {
        case recipient, sender, id, flags, payload, crc32
        case acceptedAt = "accepted_at_ms"
        case expiresAt = "expires_at_ms"
    }

    public init(
        recipient: String,
        sender: String,
        id: String,
        flags: UInt8,
        acceptedAt: UInt64,
        expiresAt: UInt64,
        payload: String,
        crc32: String
    ) {
        (self.recipient, self.sender, self.id, self.flags) = (recipient, sender, id, flags)
        (self.acceptedAt, self.expiresAt) = (acceptedAt, expiresAt)
        (self.payload, self.crc32) = (payload, crc32)
    }
}

/// What `GET /v1/queue/export` answers.
public struct ExportPage: Codable, Sendable, Equatable {
    public var rows: [QueueRow]
    /// What to ask for the next page with; nil on the last.
    public var next: String?

    public init(rows: [QueueRow], next: String?) { (self.rows, self.next) = (rows, next) }
}

/// What `POST /v1/queue/import` answers.
public struct ImportDocument: Codable, Sendable, Equatable {
    public struct Refused: Codable, Sendable, Equatable {
        /// Of the rows sent, from 0.
        public var row: Int
        public var reason: String

        public init(row: Int, reason: String) { (self.row, self.reason) = (row, reason) }
    }

    /// Stored, or taken by a recipient that is connected.
    public var taken: Int
    /// Their time to live is over.
    public var expired: Int
    public var refused: [Refused]

    public init(taken: Int, expired: Int, refused: [Refused]) {
        (self.taken, self.expired, self.refused) = (taken, expired, refused)
    }
}

/// The first line of an export, and the last.
public struct ExportHead: Codable, Sendable, Equatable {
    public static let format = "moltrelay-queue"
    public static let version = 1

    public var format = Self.format
    public var version = Self.version
    public var at: String

    public init(at: String) { self.at = at }
}

public struct ExportEnd: Codable, Sendable, Equatable {
    /// Rows between the two.
    public var end: Int

    public init(end: Int) { self.end = end }
}
