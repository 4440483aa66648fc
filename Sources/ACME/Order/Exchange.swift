/// A request to the authority.
public struct ACMERequest: Equatable, Sendable {
    public enum Method: Equatable, Sendable {
        case get, head
        case post([UInt8])
    }

    public var method: Method
    public var url: String
}

/// What of a response counts.
public struct ACMEResponse: Equatable, Sendable {
    public var status: Int
    /// `Replay-Nonce`.
    public var nonce: String?
    /// `Location`.
    public var location: String?
    /// `Retry-After`, in seconds from now.
    public var retryAfter: Int64?
    public var body: [UInt8]

    public init(
        status: Int,
        nonce: String? = nil,
        location: String? = nil,
        retryAfter: Int64? = nil,
        body: [UInt8] = []
    ) {
        self.status = status
        self.nonce = nonce
        self.location = location
        self.retryAfter = retryAfter
        self.body = body
    }
}

public enum ChallengeKind: String, Sendable, CaseIterable {
    case http01 = "http-01"
    case tlsALPN01 = "tls-alpn-01"
}

/// What the authority is to find where the name points to.
public struct Proof: Equatable, Sendable {
    public var kind: ChallengeKind
    public var domain: String
    public var token: String
    /// RFC 8555 section 8.1.
    public var keyAuthorization: String
}

/// What is asked of whom.
public struct OrderTerms: Equatable, Sendable {
    /// https.
    public var directory: String
    /// A mail address.
    public var contact: String?
    /// DNS names without wildcards, at least one; in lower case.
    public var domains: [String]
    public var challenge: ChallengeKind

    public init(directory: String, contact: String?, domains: [String], challenge: ChallengeKind) {
        self.directory = directory
        self.contact = contact
        self.domains = domains
        self.challenge = challenge
    }
}
