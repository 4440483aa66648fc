internal import COpenSSL

/// Owns one EVP_PKEY. libcrypto wipes a private key when its last reference goes.
final class KeyHandle: Sendable {
    // libcrypto counts references atomically and, of a key that nobody changes, permits use by several threads.
    nonisolated(unsafe) let pointer: OpaquePointer

    /// Takes over the caller's reference.
    init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }

    var isEd25519: Bool { EVP_PKEY_is_a(pointer, "ED25519") == 1 }

    var typeName: String { EVP_PKEY_get0_type_name(pointer).map { String(cString: $0) } ?? "unknown" }
}

enum MemoryBIO {
    static func read<Value>(
        _ bytes: [UInt8],
        _ operation: String,
        _ parse: (OpaquePointer) -> Value?
    ) throws(OpenSSLError) -> Value {
        let bio = try openSSL(operation) { BIO_new(BIO_s_mem()) }
        defer { BIO_free(bio) }
        let written = BIO_write(bio, bytes, Int32(clamping: bytes.count))
        guard written == bytes.count else { throw OpenSSLError(takingQueueAfter: operation) }
        return try openSSL(operation) { parse(bio) }
    }

    static func write(_ operation: String, _ print: (OpaquePointer) -> Int32) throws(OpenSSLError) -> [UInt8] {
        let bio = try openSSL(operation) { BIO_new(BIO_s_mem()) }
        defer { BIO_free(bio) }
        try openSSL(operation) { print(bio) }
        var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(bio))
        let count = BIO_read(bio, &bytes, Int32(bytes.count))
        guard count == bytes.count else { throw OpenSSLError(takingQueueAfter: operation) }
        return bytes
    }
}
