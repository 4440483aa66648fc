import FoundationEssentials

extension Ed25519 {
    static let textPrefix = "ed25519:"

    /// `ed25519:<base64>`, the form of a signature in the documents.
    public static func text(ofSignature signature: [UInt8]) -> String {
        textPrefix + Data(signature).base64EncodedString()
    }

    /// nil unless `ed25519:` and the padded base64 of 64 bytes.
    public static func signature(fromText text: String) -> [UInt8]? {
        guard text.hasPrefix(textPrefix) else { return nil }
        guard let data = Data(base64Encoded: String(text.dropFirst(textPrefix.count))) else { return nil }
        return data.count == signatureByteCount ? Array(data) : nil
    }
}

extension Ed25519.PublicKey: CustomStringConvertible {
    /// `ed25519:<base64>`, 52 characters.
    public var text: String { Ed25519.textPrefix + Data(bytes).base64EncodedString() }

    public var description: String { text }

    /// Reads `ed25519:` and base64 or base58btc. Base64 of 32 bytes ends in `=`, which base58 has not: no text is both.
    public init(text: String) throws(Ed25519.KeyError) {
        guard text.hasPrefix(Ed25519.textPrefix) else { throw .text }
        let encoded = String(text.dropFirst(Ed25519.textPrefix.count))
        let decoded = encoded.hasSuffix("=") ? Data(base64Encoded: encoded).map { Array($0) } : Base58.decode(encoded)
        guard let decoded else { throw .text }
        try self.init(bytes: decoded)
    }
}
