/// What `GET /v1/config` answers and `moltrelay config show --json` prints. A contract: docs/admin-api.md.
public struct ConfigurationDocument: Codable, Sendable, Equatable {
    public struct Setting: Codable, Sendable, Equatable {
        public var key: String
        /// `(withheld)` for a secret.
        public var value: String
        /// Where it came from.
        public var origin: String
        /// What the relay was given since, and takes at its next start.
        public var pending: String?

        public init(key: String, value: String, origin: String, pending: String?) {
            (self.key, self.value, self.origin, self.pending) = (key, value, origin, pending)
        }
    }

    public var file: String?
    /// In the order of docs/configuration.md.
    public var settings: [Setting]

    public init(file: String?, settings: [Setting]) { (self.file, self.settings) = (file, settings) }
}

/// What `POST /v1/reload` takes.
public struct ReloadOrder: Codable, Sendable, Equatable {
    public init() {}
}

/// What it answers, and `moltrelay reload --json` prints.
public struct ReloadDocument: Codable, Sendable, Equatable {
    /// False: the configuration before stands, and `findings` say why.
    public var taken: Bool
    /// Keys that changed.
    public var changed: [String]
    /// Keys whose change waits for a restart.
    public var restart: [String]
    /// As `moltrelay check-config` writes them.
    public var findings: [String]

    public init(taken: Bool, changed: [String], restart: [String], findings: [String]) {
        (self.taken, self.changed, self.restart, self.findings) = (taken, changed, restart, findings)
    }
}

extension AdminRoute {
    public static let configPath = "/v1/config"
    public static let reloadPath = "/v1/reload"
}

extension AdminClient {
    public func configuration() throws(AdminClientError) -> String { try get(AdminRoute.configPath) }

    public func reload() throws(AdminClientError) -> String { try post(AdminRoute.reloadPath, ReloadOrder()) }
}
