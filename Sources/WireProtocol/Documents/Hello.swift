/// The first frame of an agent (protocol section 5).
public struct Hello: Document {
    public static let frameType = FrameType.hello
    public static let nonceByteCount = 32

    public var protocolVersion: String
    /// As offered, in the agent's order of preference; absent is none.
    public var extensions: [String]
    public var agentIDHash: AgentHash
    /// Carried for peers; the relay makes no use of it.
    public var capabilitiesHash: String?
    /// Unix milliseconds by the agent's clock.
    public var clientTime: UInt64
    /// 32 random bytes that the relay's proof of identity covers.
    public var nonce: [UInt8]

    public init(
        protocolVersion: String = ProtocolVersion.current,
        extensions: [String],
        agentIDHash: AgentHash,
        capabilitiesHash: String? = nil,
        clientTime: UInt64,
        nonce: [UInt8]
    ) {
        self.protocolVersion = protocolVersion
        self.extensions = extensions
        self.agentIDHash = agentIDHash
        self.capabilitiesHash = capabilitiesHash
        self.clientTime = clientTime
        self.nonce = nonce
    }

    enum CodingKeys: String, CodingKey {
        case protocolVersion = "protocol_version"
        case extensions
        case agentIDHash = "agent_id_hash"
        case capabilitiesHash = "capabilities_hash"
        case clientTime = "client_time"
        case nonce
    }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        protocolVersion = try members.decode(String.self, forKey: .protocolVersion)
        extensions = try members.decodeIfPresent([String].self, forKey: .extensions) ?? []
        agentIDHash = try members.decode(AgentHash.self, forKey: .agentIDHash)
        capabilitiesHash = try members.decodeIfPresent(String.self, forKey: .capabilitiesHash)
        clientTime = try members.decode(UInt64.self, forKey: .clientTime)
        nonce = try members.base64(.nonce, count: Self.nonceByteCount)
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member(CodingKeys.protocolVersion, protocolVersion)
            json.member(CodingKeys.extensions, extensions)
            json.member(CodingKeys.agentIDHash, agentIDHash)
            json.member(CodingKeys.capabilitiesHash, ifPresent: capabilitiesHash)
            json.member(CodingKeys.clientTime, clientTime)
            json.member(CodingKeys.nonce, Base64.encode(nonce))
        }
    }
}

public enum ProtocolVersion {
    public static let current = "0.1"
}
