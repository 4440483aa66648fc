internal import COpenSSL
public import LibCrypto

extension Ed25519 {
    /// Never a point of small order and always in canonical encoding: two keys are one key exactly if their bytes are.
    public struct PublicKey: Hashable, Sendable {
        /// 32 bytes, RFC 8032 section 5.1.5.
        public let bytes: [UInt8]

        public init(bytes: some Sequence<UInt8>) throws(KeyError) {
            let bytes = Array(bytes)
            guard bytes.count == publicKeyByteCount else { throw .length(bytes.count) }
            guard Self.isCanonical(bytes) else { throw .notCanonical }
            guard !Self.isSmallOrder(bytes) else { throw .smallOrder }
            self.bytes = bytes
        }

        /// Reads a SubjectPublicKeyInfo in PEM.
        public init(pem: [UInt8]) throws(KeyError) {
            let handle: KeyHandle
            do throws(OpenSSLError) {
                handle = try MemoryBIO.read(pem, "reading a PEM public key") { bio in
                    PEM_read_bio_PUBKEY(bio, nil, refusePassphrase, nil).map { KeyHandle(owning: $0) }
                }
            } catch {
                throw .noPEM(expected: "PUBLIC KEY", error)
            }
            try self.init(of: handle)
        }

        init(of handle: KeyHandle) throws(KeyError) {
            guard handle.isEd25519 else { throw .otherAlgorithm(handle.typeName) }
            var bytes = [UInt8](repeating: 0, count: publicKeyByteCount)
            var count = bytes.count
            try asKeyError { () throws(OpenSSLError) in
                try openSSL("reading a public key") { EVP_PKEY_get_raw_public_key(handle.pointer, &bytes, &count) }
            }
            try self.init(bytes: bytes.prefix(count))
        }

        /// SubjectPublicKeyInfo in PEM, as `openssl pkey -pubin` reads it.
        public func pem() throws(OpenSSLError) -> [UInt8] {
            let handle = try makeHandle()
            return try MemoryBIO.write("writing a PEM public key") { PEM_write_bio_PUBKEY($0, handle.pointer) }
        }

        /// - Parameter signature: R and S, 64 bytes; of any other length it does not verify. libcrypto refuses S >= L,
        ///   so nobody can make a second signature out of a first.
        public func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
            guard signature.count == signatureByteCount, let handle = try? makeHandle() else { return false }
            guard let context = EVP_MD_CTX_new() else { return false }
            defer { EVP_MD_CTX_free(context) }
            ERR_clear_error()
            // A signature that does not verify leaves entries that a later caller on this thread would read as its own.
            defer { ERR_clear_error() }
            guard EVP_DigestVerifyInit(context, nil, nil, nil, handle.pointer) == 1 else { return false }
            return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        }

        private func makeHandle() throws(OpenSSLError) -> KeyHandle {
            let pointer = try openSSL("making a public key") {
                EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count)
            }
            return KeyHandle(owning: pointer)
        }

        /// libcrypto reduces a y of p or more instead of refusing it.
        private static func isCanonical(_ bytes: [UInt8]) -> Bool {
            let top = bytes[31] & 0x7F
            guard top == 0x7F, bytes[1..<31].allSatisfy({ $0 == 0xFF }) else { return true }
            return bytes[0] < 0xED
        }

        /// libcrypto accepts these. With the sign bit set aside five canonical y coordinates cover all eight points.
        private static func isSmallOrder(_ bytes: [UInt8]) -> Bool {
            var unsigned = bytes
            unsigned[31] &= 0x7F
            return smallOrderCoordinates.contains(unsigned)
        }

        private static let smallOrderCoordinates: Set<[UInt8]> = [
            [UInt8](repeating: 0, count: 32),
            [1] + [UInt8](repeating: 0, count: 31),
            [0xEC] + [UInt8](repeating: 0xFF, count: 30) + [0x7F],
            [
                0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0,
                0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
            ],
            [
                0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F,
                0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
            ],
        ]
    }
}

/// Without it libcrypto asks the terminal, and a relay that waits for a passphrase at start looks hung. Sets the Bool
/// it is given, where it is given one, to say that it was asked.
let refusePassphrase: @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = {
    _,
    _,
    _,
    asked in
    asked?.storeBytes(of: true, as: Bool.self)
    return -1
}
