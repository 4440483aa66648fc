/// An agent's claim of identity (protocol section 5).
public struct Auth: Document {
    public static let frameType = FrameType.auth

    public var agentID: String
    public var org: String?
    /// Raw Ed25519 public key, 32 bytes.
    public var publicKey: [UInt8]
    /// 64 bytes over what `SignedBytes` gives.
    public var signature: [UInt8]
    public var capabilities: [String]
    /// "host:port" of the URL the agent dialled; required with `auth:bound`.
    public var authority: String?
    public var p2pMultiaddress: String?
    public var preferences: Preferences?
    public var orgAttestation: OrgAttestation?

    public init(
        agentID: String,
        org: String? = nil,
        publicKey: [UInt8],
        signature: [UInt8],
        capabilities: [String] = [],
        authority: String? = nil,
        p2pMultiaddress: String? = nil,
        preferences: Preferences? = nil,
        orgAttestation: OrgAttestation? = nil
    ) {
        self.agentID = agentID
        self.org = org
        self.publicKey = publicKey
        self.signature = signature
        self.capabilities = capabilities
        self.authority = authority
        self.p2pMultiaddress = p2pMultiaddress
        self.preferences = preferences
        self.orgAttestation = orgAttestation
    }

    enum CodingKeys: String, CodingKey {
        case agentID = "agent_id"
        case org
        case publicKey = "public_key"
        case signature, capabilities, authority
        case p2pMultiaddress = "p2p_multiaddr"
        case preferences
        case orgAttestation = "org_attestation"
    }

    /// The attestation is read from the bytes it was written with and from nothing else: what is verified and what is
    /// believed cannot differ.
    public init(json: [UInt8]) throws(DocumentError) {
        self = try Self.decoded(from: json)
        let name = CodingKeys.orgAttestation.rawValue
        guard let raw = JSONMember.value(of: name, in: json), !raw.elementsEqual("null".utf8) else { return }
        do {
            orgAttestation = try OrgAttestation(json: raw)
        } catch {
            throw error.inside(name)
        }
    }

    /// All but the attestation, which a decoder cannot give as it was written.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        agentID = try members.decode(String.self, forKey: .agentID)
        org = try members.decodeIfPresent(String.self, forKey: .org)
        publicKey = try members.ed25519Key(.publicKey)
        signature = try members.ed25519Signature(.signature)
        capabilities = try members.decodeIfPresent([String].self, forKey: .capabilities) ?? []
        authority = try members.decodeIfPresent(String.self, forKey: .authority)
        p2pMultiaddress = try members.decodeIfPresent(String.self, forKey: .p2pMultiaddress)
        preferences = try members.decodeIfPresent(Preferences.self, forKey: .preferences)
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member(CodingKeys.agentID, agentID)
            json.member(CodingKeys.org, ifPresent: org)
            json.member(CodingKeys.publicKey, Ed25519Text.encode(publicKey))
            json.member(CodingKeys.signature, Ed25519Text.encode(signature))
            json.member(CodingKeys.capabilities, capabilities)
            json.member(CodingKeys.authority, ifPresent: authority)
            json.member(CodingKeys.p2pMultiaddress, ifPresent: p2pMultiaddress)
            json.member(CodingKeys.preferences, ifPresent: preferences)
            json.member(CodingKeys.orgAttestation, ifPresent: orgAttestation)
        }
    }
}

/// What an agent asks for; each member is a wish.
public struct Preferences: Decodable, Equatable, Sendable, JSONWritable {
    public var queueOffline: Bool?
    /// Messages.
    public var maxQueueSize: Int?
    public var preferredRegions: [String]?

    public init(queueOffline: Bool? = nil, maxQueueSize: Int? = nil, preferredRegions: [String]? = nil) {
        self.queueOffline = queueOffline
        self.maxQueueSize = maxQueueSize
        self.preferredRegions = preferredRegions
    }

    enum CodingKeys: String, CodingKey {
        case queueOffline = "queue_offline"
        case maxQueueSize = "max_queue_size"
        case preferredRegions = "preferred_regions"
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member(CodingKeys.queueOffline, ifPresent: queueOffline)
            json.member(CodingKeys.maxQueueSize, ifPresent: maxQueueSize)
            json.member(CodingKeys.preferredRegions, ifPresent: preferredRegions)
        }
    }
}
