internal import COpenSSL
internal import WireProtocol

/// Broken as a hash; here because RFC 6455 section 4.2.2 answers an upgrade with it, where it guards nothing.
public enum SHA1 {
    public static let byteCount = Int(SHA_DIGEST_LENGTH)

    /// 20 bytes.
    public static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let input = Array(bytes)
        return [UInt8](unsafeUninitializedCapacity: byteCount) { digest, count in
            precondition(COpenSSL.SHA1(input, input.count, digest.baseAddress) != nil, "libcrypto offers no SHA-1")
            count = byteCount
        }
    }

    /// The Sec-WebSocket-Accept that answers this Sec-WebSocket-Key.
    public static func webSocketAccept(for key: String) -> String {
        Base64.encode(hash((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
    }
}
