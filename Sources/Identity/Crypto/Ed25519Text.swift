import WireProtocol

extension Ed25519.PublicKey: CustomStringConvertible {
    /// `ed25519:<base64>`, 52 characters.
    public var text: String { Ed25519Text.encode(bytes) }

    public var description: String { text }

    /// Reads `ed25519:` and base64 or base58btc.
    public init(text: String) throws(Ed25519.KeyError) {
        guard let bytes = Ed25519Text.key(text) else { throw .text }
        try self.init(bytes: bytes)
    }
}
