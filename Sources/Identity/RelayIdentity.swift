public import LibCrypto

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

    /// Signs what the session state machine wants proved (`SignedBytes.relayProof`); nil without a key.
    /// - Returns: 64 bytes.
    public func sign(_ bytes: [UInt8]) throws(OpenSSLError) -> [UInt8]? {
        guard let key else { return nil }
        return try key.sign(bytes)
    }
}
