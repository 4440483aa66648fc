internal import COpenSSL
public import LibCrypto

public enum SecureRandom {
    /// Bytes of libcrypto's DRBG, which the kernel seeds. Throws rather than answer with fewer or weaker ones.
    public static func bytes(_ count: Int) throws(OpenSSLError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try openSSL("random bytes") { RAND_bytes(&bytes, Int32(bytes.count)) }
        return bytes
    }
}
