public import LibCrypto

/// Ed25519 (RFC 8032, the pure variant), by libcrypto.
public enum Ed25519 {
    public static let publicKeyByteCount = 32
    public static let seedByteCount = 32
    public static let signatureByteCount = 64

    public enum KeyError: Error, Equatable, Sendable, CustomStringConvertible {
        case length(Int)
        /// One of the eight points for which anybody can make signatures that verify.
        case smallOrder
        /// The y coordinate is not below 2^255 - 19 (RFC 8032 section 5.1.3): a second name for some other key.
        case notCanonical
        /// Neither `ed25519:<base64>` nor `ed25519:<base58btc>`.
        case text
        /// A readable key of some other algorithm.
        case otherAlgorithm(String)
        case encrypted
        /// No PEM block of the kind that was looked for.
        case noPEM(expected: String, OpenSSLError)
        case library(OpenSSLError)

        public var description: String {
            switch self {
            case .length(let count): "an Ed25519 key has 32 bytes, this has \(count)"
            case .smallOrder: "a point of small order is no key: anybody could sign for it"
            case .notCanonical: "the key is not in its canonical encoding (RFC 8032 section 5.1.3)"
            case .text: "not of the form ed25519:<base64 of 32 bytes>"
            case .otherAlgorithm(let name): "a key of type \(name), not ED25519"
            case .encrypted:
                "the key is encrypted with a passphrase; decrypt it with `openssl pkey -in FILE -out NEWFILE`"
            case .noPEM(let kind, let error): "no usable -----BEGIN \(kind)----- in it: \(error)"
            case .library(let error): error.description
            }
        }
    }

    static func asKeyError<Value>(_ body: () throws(OpenSSLError) -> Value) throws(KeyError) -> Value {
        do { return try body() } catch { throw .library(error) }
    }
}
