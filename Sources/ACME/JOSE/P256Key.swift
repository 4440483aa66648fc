internal import COpenSSL

/// An ECDSA key: an account's, or a certificate's.
public final class P256Key: Sendable {
    private static let coordinateBytes = 32

    // OpenSSL counts references atomically, and we only read it.
    nonisolated(unsafe) let pointer: OpaquePointer

    private init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }

    public static func generate() throws(CryptoFailure) -> P256Key {
        let context = try crypto("a key") { EVP_PKEY_CTX_new_from_name(nil, "EC", nil) }
        defer { EVP_PKEY_CTX_free(context) }
        try crypto("a key") { EVP_PKEY_keygen_init(context) }
        try crypto("a key on P-256") { EVP_PKEY_CTX_set_group_name(context, "P-256") }
        var pointer: OpaquePointer?
        try crypto("a key") { EVP_PKEY_generate(context, &pointer) }
        return P256Key(owning: try crypto("a key") { pointer })
    }

    public convenience init(pem: [UInt8]) throws(CryptoFailure) {
        let bio = try crypto("a key") { BIO_new_mem_buf(pem, Int32(pem.count)) }
        defer { BIO_free(bio) }
        let pointer = try crypto("a private key in PEM") {
            PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil)
        }
        self.init(owning: pointer)
        // Any other key has no such coordinates, or other ones.
        guard try x.count == Self.coordinateBytes, EVP_PKEY_get_bits(self.pointer) == 256 else {
            throw CryptoFailure("a key on P-256")
        }
    }

    public func pem() throws(CryptoFailure) -> [UInt8] {
        let bio = try crypto("a key in PEM") { BIO_new(BIO_s_mem()) }
        defer { BIO_free(bio) }
        try crypto("a key in PEM") { PEM_write_bio_PrivateKey(bio, pointer, nil, nil, 0, nil, nil) }
        var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(bio))
        try crypto("a key in PEM") { BIO_read(bio, &bytes, Int32(bytes.count)) }
        return bytes
    }

    var x: [UInt8] { get throws(CryptoFailure) { try coordinate("qx") } }
    var y: [UInt8] { get throws(CryptoFailure) { try coordinate("qy") } }

    private func coordinate(_ name: String) throws(CryptoFailure) -> [UInt8] {
        var number: OpaquePointer?
        try crypto("a key's coordinate") { EVP_PKEY_get_bn_param(pointer, name, &number) }
        defer { BN_free(number) }
        return try Self.bytes(number)
    }

    private static func bytes(_ number: OpaquePointer?) throws(CryptoFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: coordinateBytes)
        try crypto("a number of a key") { BN_bn2binpad(number, &bytes, Int32(bytes.count)) }
        return bytes
    }

    /// ES256 (RFC 7518 section 3.4): both numbers as they are, not in DER.
    func signature(over bytes: [UInt8]) throws(CryptoFailure) -> [UInt8] {
        let der = try derSignature(over: bytes)
        let numbers = try crypto("a signature") {
            der.withUnsafeBufferPointer { der in
                var start = der.baseAddress
                return d2i_ECDSA_SIG(nil, &start, der.count)
            }
        }
        defer { ECDSA_SIG_free(numbers) }
        return try Self.bytes(ECDSA_SIG_get0_r(numbers)) + Self.bytes(ECDSA_SIG_get0_s(numbers))
    }

    private func derSignature(over bytes: [UInt8]) throws(CryptoFailure) -> [UInt8] {
        let context = try crypto("a signature") { EVP_MD_CTX_new() }
        defer { EVP_MD_CTX_free(context) }
        try crypto("a signature") { EVP_DigestSignInit(context, nil, EVP_sha256(), nil, pointer) }
        var signature = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(pointer)))
        var count = signature.count
        try crypto("a signature") { EVP_DigestSign(context, &signature, &count, bytes, bytes.count) }
        return Array(signature.prefix(count))
    }
}

func sha256(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    SHA256(bytes, bytes.count, &digest)
    return digest
}
