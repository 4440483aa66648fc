/// The relay's answer to HELLO (protocol section 5).
public struct HelloAck: Document {
    public static let frameType = FrameType.helloAck
    public static let challengeByteCount = 32

    public var protocolVersion: String
    /// What both sides speak, in the agent's order.
    public var extensions: [String]
    /// 32 random bytes, used once.
    public var challenge: [UInt8]
    /// Unix milliseconds.
    public var serverTime: UInt64
    public var relayID: String
    public var cluster: String
    /// nil where the relay has no key of its own.
    public var proof: RelayProof?

    public init(
        protocolVersion: String = ProtocolVersion.current,
        extensions: [String],
        challenge: [UInt8],
        serverTime: UInt64,
        relayID: String,
        cluster: String,
        proof: RelayProof? = nil
    ) {
        self.protocolVersion = protocolVersion
        self.extensions = extensions
        self.challenge = challenge
        self.serverTime = serverTime
        self.relayID = relayID
        self.cluster = cluster
        self.proof = proof
    }

    enum CodingKeys: String, CodingKey {
        case protocolVersion = "protocol_version"
        case extensions, challenge
        case serverTime = "server_time"
        case relayID = "relay_id"
        case cluster
        case relayPublicKey = "relay_public_key"
        case relaySignature = "relay_signature"
    }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        protocolVersion = try members.decode(String.self, forKey: .protocolVersion)
        extensions = try members.decode([String].self, forKey: .extensions)
        challenge = try members.base64(.challenge, count: Self.challengeByteCount)
        serverTime = try members.decode(UInt64.self, forKey: .serverTime)
        relayID = try members.decode(String.self, forKey: .relayID)
        cluster = try members.decodeIfPresent(String.self, forKey: .cluster) ?? ""
        guard members.contains(.relayPublicKey) else { return }
        proof = RelayProof(
            publicKey: try members.ed25519Key(.relayPublicKey),
            signature: try members.ed25519Signature(.relaySignature)
        )
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member(CodingKeys.protocolVersion, protocolVersion)
            json.member(CodingKeys.extensions, extensions)
            json.member(CodingKeys.challenge, Base64.encode(challenge))
            json.member(CodingKeys.serverTime, serverTime)
            json.member(CodingKeys.relayID, relayID)
            json.member(CodingKeys.cluster, cluster)
            json.member(CodingKeys.relayPublicKey, ifPresent: proof.map { Ed25519Text.encode($0.publicKey) })
            json.member(CodingKeys.relaySignature, ifPresent: proof.map { Ed25519Text.encode($0.signature) })
        }
    }
}

/// Shows who the relay is: its key, and that key's signature over `SignedBytes.relayProof`.
public struct RelayProof: Equatable, Sendable {
    /// 32 bytes.
    public var publicKey: [UInt8]
    /// 64 bytes.
    public var signature: [UInt8]

    public init(publicKey: [UInt8], signature: [UInt8]) {
        self.publicKey = publicKey
        self.signature = signature
    }
}
