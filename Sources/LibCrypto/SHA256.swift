internal import COpenSSL

public enum SHA256 {
    public static let byteCount = Int(SHA256_DIGEST_LENGTH)

    /// FIPS 180-4. 32 bytes.
    public static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let input = Array(bytes)
        return [UInt8](unsafeUninitializedCapacity: byteCount) { digest, count in
            // Only a libcrypto without any provider answers nil, and it can do nothing else for us either.
            precondition(COpenSSL.SHA256(input, input.count, digest.baseAddress) != nil, "libcrypto offers no SHA-256")
            count = byteCount
        }
    }
}
