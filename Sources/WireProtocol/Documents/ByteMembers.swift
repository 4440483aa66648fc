internal import FoundationEssentials

extension KeyedDecodingContainer {
    func wrong(_ key: Key, expected: String) -> DocumentError {
        .wrong(at: codingPath + [key], expected: expected)
    }

    /// A member of exactly `count` bytes in base64.
    func base64(_ key: Key, count: Int) throws -> [UInt8] {
        guard let bytes = Base64.decode(try decode(String.self, forKey: key)), bytes.count == count else {
            throw wrong(key, expected: "\(count) bytes in base64")
        }
        return bytes
    }

    /// `ed25519:<base64>`; of a public key base58btc is taken too.
    func ed25519Key(_ key: Key) throws -> [UInt8] {
        guard let bytes = Ed25519Text.key(try decode(String.self, forKey: key)) else {
            throw wrong(key, expected: "ed25519: and 32 bytes in base64")
        }
        return bytes
    }

    func ed25519Signature(_ key: Key) throws -> [UInt8] {
        guard let bytes = Ed25519Text.signature(try decode(String.self, forKey: key)) else {
            throw wrong(key, expected: "ed25519: and 64 bytes in base64")
        }
        return bytes
    }
}

/// The text form of keys and signatures in documents: `ed25519:` and base64.
public enum Ed25519Text {
    public static let keyByteCount = 32
    public static let signatureByteCount = 64
    private static let prefix = "ed25519:"

    public static func encode(_ bytes: [UInt8]) -> String { prefix + Base64.encode(bytes) }

    /// 32 bytes, from base64 or base58btc. No text is both: 32 bytes in base64 end in `=`, which base58 lacks.
    public static func key(_ text: String) -> [UInt8]? {
        guard text.hasPrefix(prefix) else { return nil }
        let body = String(text.dropFirst(prefix.count))
        let bytes = body.hasSuffix("=") ? Base64.decode(body) : Base58.decode(body)
        return bytes?.count == keyByteCount ? bytes : nil
    }

    /// 64 bytes, from base64.
    public static func signature(_ text: String) -> [UInt8]? {
        guard text.hasPrefix(prefix) else { return nil }
        let bytes = Base64.decode(String(text.dropFirst(prefix.count)))
        return bytes?.count == signatureByteCount ? bytes : nil
    }
}

/// RFC 4648 section 4, padded.
public enum Base64 {
    public static func encode(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    /// nil unless `text` is the one encoding of its bytes: no space, no missing padding, no stray bits.
    public static func decode(_ text: String) -> [UInt8]? {
        guard let data = Data(base64Encoded: text), data.base64EncodedString() == text else { return nil }
        return Array(data)
    }
}

/// Base58 with the Bitcoin alphabet, without a multibase prefix.
enum Base58 {
    /// The work grows with the square of the length: 64 digits hold any key and are refused past that.
    static let maxDigits = 64
    private static let alphabet = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)

    static func decode(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= maxDigits else { return nil }
        var littleEndian: [UInt8] = []
        for digit in text.utf8 {
            guard var carry = alphabet.firstIndex(of: digit) else { return nil }
            for index in littleEndian.indices {
                carry += Int(littleEndian[index]) * 58
                littleEndian[index] = UInt8(truncatingIfNeeded: carry)
                carry >>= 8
            }
            if carry > 0 { littleEndian.append(UInt8(carry)) }
        }
        let zeros = text.utf8.prefix { $0 == alphabet[0] }.count
        return [UInt8](repeating: 0, count: zeros) + littleEndian.reversed()
    }
}
