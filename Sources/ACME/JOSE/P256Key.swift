internal import COpenSSL
public import LibCrypto

/// An ECDSA key: an account's, or a certificate's.
public final class P256Key: Sendable {
    private static let coordinateBytes = 32

    private let handle: KeyHandle
    var pointer: OpaquePointer { handle.pointer }

    private init(_ handle: KeyHandle) { self.handle = handle }

    public static func generate() throws(OpenSSLError) -> P256Key { P256Key(try .generateP256()) }

    public convenience init(pem: [UInt8]) throws(OpenSSLError) {
        self.init(
            try MemoryBIO.read(pem, "reading a PEM private key") { bio in
                // Asked for where the key has a passphrase; the default would ask at the terminal.
                PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil).map { KeyHandle(owning: $0) }
            }
        )
        // Any other key has no such coordinates, or other ones.
        guard try x.count == Self.coordinateBytes, EVP_PKEY_get_bits(pointer) == 256 else {
            throw OpenSSLError(takingQueueAfter: "a key on P-256")
        }
    }

    public func pem() throws(OpenSSLError) -> [UInt8] {
        try MemoryBIO.write("writing a PEM private key") {
            PEM_write_bio_PrivateKey($0, pointer, nil, nil, 0, nil, nil)
        }
    }

    var x: [UInt8] { get throws(OpenSSLError) { try coordinate("qx") } }
    var y: [UInt8] { get throws(OpenSSLError) { try coordinate("qy") } }

    private func coordinate(_ name: String) throws(OpenSSLError) -> [UInt8] {
        var number: OpaquePointer?
        try openSSL("a key's coordinate") { EVP_PKEY_get_bn_param(pointer, name, &number) }
        defer { BN_free(number) }
        return try Self.bytes(number)
    }

    private static func bytes(_ number: OpaquePointer?) throws(OpenSSLError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: coordinateBytes)
        try openSSL("a number of a key") { BN_bn2binpad(number, &bytes, Int32(bytes.count)) }
        return bytes
    }

    /// ES256 (RFC 7518 section 3.4): both numbers as they are, not in DER.
    func signature(over bytes: [UInt8]) throws(OpenSSLError) -> [UInt8] {
        let der = try derSignature(over: bytes)
        let numbers = try openSSL("a signature") {
            der.withUnsafeBufferPointer { der in
                var start = der.baseAddress
                return d2i_ECDSA_SIG(nil, &start, der.count)
            }
        }
        defer { ECDSA_SIG_free(numbers) }
        return try Self.bytes(ECDSA_SIG_get0_r(numbers)) + Self.bytes(ECDSA_SIG_get0_s(numbers))
    }

    private func derSignature(over bytes: [UInt8]) throws(OpenSSLError) -> [UInt8] {
        let context = try openSSL("a signature") { EVP_MD_CTX_new() }
        defer { EVP_MD_CTX_free(context) }
        try openSSL("a signature") { EVP_DigestSignInit(context, nil, EVP_sha256(), nil, pointer) }
        var signature = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(pointer)))
        var count = signature.count
        try openSSL("a signature") { EVP_DigestSign(context, &signature, &count, bytes, bytes.count) }
        return Array(signature.prefix(count))
    }
}
