/// An organisation's word that a key belongs to an agent of its own (protocol section 5).
public struct OrgAttestation: Equatable, Sendable, JSONWritable {
    public static let type = "org_attestation"

    /// The object as it was written. `orgSignature` is over its RFC 8785 canonical form without `org_signature`, and
    /// may cover members that are unknown here.
    public let json: [UInt8]
    public let orgID: String
    public let agentID: String
    /// Raw Ed25519 public key of the agent, 32 bytes.
    public let publicKey: [UInt8]
    public let capabilities: [String]
    /// Unix milliseconds.
    public let issuedAt: UInt64
    /// Unix milliseconds.
    public let expiresAt: UInt64
    /// 64 bytes.
    public let orgSignature: [UInt8]

    /// - Parameter json: one object in UTF-8 whose `type` is "org_attestation". Nothing is verified here.
    public init(json: [UInt8]) throws(DocumentError) {
        let members = try Members.decoded(from: json)
        self.json = json
        orgID = members.orgID
        agentID = members.agentID
        publicKey = members.publicKey
        capabilities = members.capabilities
        issuedAt = members.issuedAt
        expiresAt = members.expiresAt
        orgSignature = members.orgSignature
    }

    public func write(to json: inout JSONWriter) { json.raw(self.json) }
}

private struct Members: Decodable {
    let orgID, agentID: String
    let publicKey, orgSignature: [UInt8]
    let capabilities: [String]
    let issuedAt, expiresAt: UInt64

    enum CodingKeys: String, CodingKey {
        case type
        case orgID = "org_id"
        case agentID = "agent_id"
        case publicKey = "public_key"
        case capabilities
        case issuedAt = "issued_at"
        case expiresAt = "expires_at"
        case orgSignature = "org_signature"
    }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        guard try members.decode(String.self, forKey: .type) == OrgAttestation.type else {
            throw members.wrong(.type, expected: "\"\(OrgAttestation.type)\"")
        }
        orgID = try members.decode(String.self, forKey: .orgID)
        agentID = try members.decode(String.self, forKey: .agentID)
        publicKey = try members.ed25519Key(.publicKey)
        capabilities = try members.decodeIfPresent([String].self, forKey: .capabilities) ?? []
        issuedAt = try members.decode(UInt64.self, forKey: .issuedAt)
        expiresAt = try members.decode(UInt64.self, forKey: .expiresAt)
        orgSignature = try members.ed25519Signature(.orgSignature)
    }
}
