public import LibCrypto

/// What an account is known by at its authority, and signs its requests with (RFC 8555 section 6.2).
public struct AccountKey: Sendable {
    package enum Naming {
        /// By the key itself, before the account is known.
        case key
        case account(String)
    }

    private let key: P256Key
    /// Members in the order of RFC 7638, so that the same text makes the thumbprint.
    private let jwk: String

    public init(_ key: P256Key) throws(OpenSSLError) {
        self.key = key
        jwk =
            "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"\(Base64URL.encode(try key.x))\","
            + "\"y\":\"\(Base64URL.encode(try key.y))\"}"
    }

    /// RFC 7638.
    public var thumbprint: String { Base64URL.encode(SHA256.hash(jwk.utf8)) }

    /// A flattened JWS.
    /// - Parameter payload: JSON; empty for a POST-as-GET.
    package func sign(
        _ payload: [UInt8],
        url: String,
        nonce: String,
        as naming: Naming
    ) throws(OpenSSLError) -> [UInt8] {
        let name =
            switch naming {
            case .key: "\"jwk\":\(jwk)"
            case .account(let url): "\"kid\":\(JSONText.quoted(url))"
            }
        let header = "{\"alg\":\"ES256\",\(name),\"nonce\":\(JSONText.quoted(nonce)),\"url\":\(JSONText.quoted(url))}"
        let protected = Base64URL.encode(Array(header.utf8))
        let payload = Base64URL.encode(payload)
        let signature = Base64URL.encode(try key.signature(over: Array("\(protected).\(payload)".utf8)))
        let text = "{\"protected\":\"\(protected)\",\"payload\":\"\(payload)\",\"signature\":\"\(signature)\"}"
        return Array(text.utf8)
    }
}
