/// What `GET /v1/log-level` answers and `moltrelay log-level --json` prints. A contract: docs/cli-json.md.
public struct LogLevelDocument: Codable, Sendable, Equatable {
    /// `debug`, `info`, `warn` or `error`: what is logged now.
    public var level: String
    /// What the configuration says, and what is logged after `until`.
    public var configured: String
    /// RFC 3339; nil where nobody set a level by hand.
    public var until: String?

    public init(level: String, configured: String, until: String?) {
        self.level = level
        self.configured = configured
        self.until = until
    }
}

/// What `POST /v1/log-level` takes.
public struct LogLevelOrder: Codable, Sendable, Equatable {
    /// nil: back to the configured one.
    public var level: String?
    /// From now on. Set by hand, a level always ends.
    public var forSeconds: UInt64?

    enum CodingKeys: String, CodingKey {
        case level
        case forSeconds = "for_seconds"
    }

    public init(level: String?, forSeconds: UInt64?) {
        self.level = level
        self.forSeconds = forSeconds
    }
}

extension AdminRoute {
    public static let logLevelPath = "/v1/log-level"

    public static func logLevel(
        _ read: @escaping @Sendable () -> LogLevelDocument,
        set: @escaping @Sendable (LogLevelOrder) throws(AdminRefusal) -> LogLevelDocument
    ) -> AdminRoute {
        .document(read).and(.verb(set))
    }
}

extension AdminClient {
    public func logLevel() throws(AdminClientError) -> String { try get(AdminRoute.logLevelPath) }

    public func setLogLevel(_ order: LogLevelOrder) throws(AdminClientError) -> String {
        try post(AdminRoute.logLevelPath, order)
    }
}
