/// Who may connect, from the configuration (protocol section 5).
public struct AuthPolicy: Sendable, Equatable {
    /// false lets anybody in as anybody: for development.
    public var requireAuth: Bool
    /// Lets in an agent without an attestation, under the key that first claimed its id.
    public var allowAnonymous: Bool
    /// One name may stand here with several keys while an organisation changes from one to the next.
    public var trustedOrgs: [TrustedOrg]
    public var authorities: AcceptedAuthorities
    public var maxClockSkewMilliseconds: UInt64
    /// Per agent and client address; 0 is no limit.
    public var failedAuthPerAgentPerHour: Int

    public init(
        requireAuth: Bool = true,
        allowAnonymous: Bool = true,
        trustedOrgs: [TrustedOrg] = [],
        authorities: AcceptedAuthorities = .any,
        maxClockSkewMilliseconds: UInt64 = 300_000,
        failedAuthPerAgentPerHour: Int = 10
    ) {
        self.requireAuth = requireAuth
        self.allowAnonymous = allowAnonymous
        self.trustedOrgs = trustedOrgs
        self.authorities = authorities
        self.maxClockSkewMilliseconds = maxClockSkewMilliseconds
        self.failedAuthPerAgentPerHour = failedAuthPerAgentPerHour
    }
}

public struct TrustedOrg: Sendable, Equatable {
    public var name: String
    public var publicKey: Ed25519.PublicKey

    public init(name: String, publicKey: Ed25519.PublicKey) {
        self.name = name
        self.publicKey = publicKey
    }
}
