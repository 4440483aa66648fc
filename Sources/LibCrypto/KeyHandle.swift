internal import COpenSSL

/// Owns one EVP_PKEY. libcrypto wipes a private key when its last reference goes.
package final class KeyHandle: Sendable {
    // Safe on any thread: libcrypto counts references atomically, and nobody changes a key once it is made.
    package nonisolated(unsafe) let pointer: OpaquePointer

    /// Takes over the caller's reference.
    package init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }

    package var isEd25519: Bool { EVP_PKEY_is_a(pointer, "ED25519") == 1 }

    package var typeName: String { EVP_PKEY_get0_type_name(pointer).map { String(cString: $0) } ?? "unknown" }

    package static func generateP256() throws(OpenSSLError) -> KeyHandle {
        let operation = "generating a key on P-256"
        let context = try openSSL(operation) { EVP_PKEY_CTX_new_from_name(nil, "EC", nil) }
        defer { EVP_PKEY_CTX_free(context) }
        try openSSL(operation) { EVP_PKEY_keygen_init(context) }
        try openSSL(operation) { EVP_PKEY_CTX_set_group_name(context, "P-256") }
        var pointer: OpaquePointer?
        try openSSL(operation) { EVP_PKEY_generate(context, &pointer) }
        return KeyHandle(owning: try openSSL(operation) { pointer })
    }
}
