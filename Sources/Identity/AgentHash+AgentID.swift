internal import LibCrypto
public import WireProtocol

extension AgentHash {
    /// SHA-256 over the UTF-8 bytes of the id, with no normalisation.
    public init(agentID: String) {
        self = SHA256.hash(agentID.utf8).withUnsafeBytes { AgentHash($0) }
    }
}
