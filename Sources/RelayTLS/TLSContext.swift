internal import COpenSSL

/// Owns one SSL_CTX: what sessions of one kind share. Not changed once sessions are made of it.
final class TLSContext: Sendable {
    // Safe on any thread: OpenSSL counts references atomically, and allows sessions of one context on several threads.
    nonisolated(unsafe) let pointer: OpaquePointer

    /// As OpenSSL lists them; the first is what we like best.
    private static let groups = "X25519:P-256:P-384"

    private init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { SSL_CTX_free(pointer) }

    static func server(minimum: TLSVersion) throws(TLSFailure) -> TLSContext {
        let context = TLSContext(try openSSL("a TLS context") { SSL_CTX_new(TLS_server_method()) })
        SSL_CTX_set_options(context.pointer, COpenSSL_server_options())
        try context.restrict(to: minimum)
        COpenSSL_set_session_cache_off(context.pointer)
        // One ticket a connection: an agent resumes one at a time, and a second costs every handshake.
        try openSSL("TLS tickets") { SSL_CTX_set_num_tickets(context.pointer, 1) }
        return context
    }

    static func client(minimum: TLSVersion) throws(TLSFailure) -> TLSContext {
        let context = TLSContext(try openSSL("a TLS context") { SSL_CTX_new(TLS_client_method()) })
        SSL_CTX_set_options(context.pointer, COpenSSL_client_options())
        try context.restrict(to: minimum)
        COpenSSL_set_session_cache_off(context.pointer)
        SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER) { DialledHost.verified($0, $1) }
        return context
    }

    private func restrict(to minimum: TLSVersion) throws(TLSFailure) {
        // Buffers of 16 KiB each way are given back between records.
        _ = COpenSSL_set_mode(pointer, Int(SSL_MODE_RELEASE_BUFFERS))
        let version = minimum == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION
        try openSSL("the TLS version") { COpenSSL_set_min_version(pointer, version) }
        try openSSL("the TLS suites") { SSL_CTX_set_ciphersuites(pointer, TLSSuite.list(TLSSuite.ofTLS13)) }
        try openSSL("the TLS suites") { SSL_CTX_set_cipher_list(pointer, TLSSuite.list(TLSSuite.ofTLS12)) }
        try openSSL("the TLS groups") { COpenSSL_set_groups(pointer, Self.groups) }
    }
}
