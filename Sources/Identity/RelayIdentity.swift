public import WireProtocol

/// Who this relay says it is. Without a key it names itself and proves nothing.
public struct RelayIdentity: Sendable {
    /// `auth.relay_id`.
    public let relayID: String
    private let key: Ed25519.PrivateKey?

    public init(relayID: String, key: Ed25519.PrivateKey?) {
        self.relayID = relayID
        self.key = key
    }

    /// - Parameter privateKeyFile: `auth.private_key_file`; nil where unset.
    public init(relayID: String, privateKeyFile: String?) throws(KeyFile.Failure) {
        self.relayID = relayID
        guard let privateKeyFile else {
            key = nil
            return
        }
        key = try KeyFile.readPrivateKey(privateKeyFile)
    }

    public var publicKey: Ed25519.PublicKey? { key?.publicKey }

    /// What HELLO_ACK carries; nil without a key.
    /// - Parameters:
    ///   - nonce: 32 bytes, of HELLO.
    ///   - challenge: 32 bytes, of HELLO_ACK.
    public func proof(nonce: [UInt8], challenge: [UInt8]) throws(OpenSSLError) -> RelayProof? {
        guard let key else { return nil }
        let signed = SignedBytes.relayProof(nonce: nonce, challenge: challenge, relayID: relayID)
        return RelayProof(publicKey: key.publicKey.bytes, signature: try key.sign(signed))
    }

    /// Signs what the session state machine wants proved; nil without a key.
    public func sign(_ bytes: [UInt8]) throws(OpenSSLError) -> [UInt8]? {
        guard let key else { return nil }
        return try key.sign(bytes)
    }
}
