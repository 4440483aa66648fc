public struct PostgresSettings: Sendable {
    /// libpq's `sslmode`.
    public enum Security: String, Sendable, CaseIterable {
        case disable, allow, prefer, require
        case verifyCA = "verify-ca"
        case verifyFull = "verify-full"
    }

    /// Tried in turn until one takes writes; never empty. Names, addresses, or folders of Unix sockets.
    public var hosts: [String]
    public var port = 5432
    public var database: String
    public var user: String
    /// Read again for every connection, less its last line end. nil for none.
    public var passwordFile: String?
    public var security = Security.require
    /// Where the tables are.
    public var schema = "moltrelay"
    /// Of one host, with everything that is said before a connection is used.
    public var connectTimeout = Duration.seconds(2)
    /// Without a byte from the server while an answer is owed.
    public var answerTimeout = Duration.seconds(3)

    public init(hosts: [String], database: String, user: String) {
        (self.hosts, self.database, self.user) = (hosts, database, user)
    }
}
