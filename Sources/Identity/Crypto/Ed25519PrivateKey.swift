internal import COpenSSL
public import LibCrypto

extension Ed25519 {
    /// The secret stays in libcrypto's memory, which is wiped on release.
    public struct PrivateKey: Sendable {
        public let publicKey: PublicKey
        private let handle: KeyHandle

        private init(_ handle: KeyHandle) throws(KeyError) {
            publicKey = try PublicKey(of: handle)
            self.handle = handle
        }

        public static func generate() throws(KeyError) -> PrivateKey {
            let handle = try asKeyError { () throws(OpenSSLError) in
                let operation = "generating an Ed25519 key"
                let context = try openSSL(operation) { EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nil) }
                defer { EVP_PKEY_CTX_free(context) }
                try openSSL(operation) { EVP_PKEY_keygen_init(context) }
                return try openSSL(operation) {
                    var pointer: OpaquePointer?
                    return EVP_PKEY_keygen(context, &pointer) == 1 ? pointer.map { KeyHandle(owning: $0) } : nil
                }
            }
            return try PrivateKey(handle)
        }

        /// - Parameter seed: the 32 bytes that RFC 8032 calls the private key.
        public init(seed: [UInt8]) throws(KeyError) {
            guard seed.count == seedByteCount else { throw .length(seed.count) }
            let pointer = try asKeyError { () throws(OpenSSLError) in
                try openSSL("making a private key") {
                    EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count)
                }
            }
            try self.init(KeyHandle(owning: pointer))
        }

        /// Reads PKCS#8 in PEM without a passphrase.
        public init(pem: [UInt8]) throws(KeyError) {
            var isEncrypted = false
            let handle: KeyHandle
            do throws(OpenSSLError) {
                handle = try withUnsafeMutableBytes(of: &isEncrypted) { (asked) throws(OpenSSLError) in
                    try MemoryBIO.read(pem, "reading a PEM private key") { bio in
                        PEM_read_bio_PrivateKey(bio, nil, refusePassphrase, asked.baseAddress)
                            .map { KeyHandle(owning: $0) }
                    }
                }
            } catch {
                throw isEncrypted ? .encrypted : .noPEM(expected: "PRIVATE KEY", error)
            }
            try self.init(handle)
        }

        /// PKCS#8 in PEM, as `openssl pkey` reads it.
        public func pem() throws(OpenSSLError) -> [UInt8] {
            try MemoryBIO.write("writing a PEM private key") {
                PEM_write_bio_PKCS8PrivateKey($0, handle.pointer, nil, nil, 0, nil, nil)
            }
        }

        /// R and S, 64 bytes.
        public func sign(_ message: [UInt8]) throws(OpenSSLError) -> [UInt8] {
            let operation = "signing"
            let context = try openSSL(operation) { EVP_MD_CTX_new() }
            defer { EVP_MD_CTX_free(context) }
            try openSSL(operation) { EVP_DigestSignInit(context, nil, nil, nil, handle.pointer) }
            var signature = [UInt8](repeating: 0, count: signatureByteCount)
            var count = signature.count
            try openSSL(operation) { EVP_DigestSign(context, &signature, &count, message, message.count) }
            return signature
        }
    }
}
