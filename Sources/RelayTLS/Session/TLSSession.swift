internal import COpenSSL
import NIOCore

enum TLSRole {
    case server, client
}

/// One connection's TLS without its socket: bytes in, bytes out. On one event loop.
final class TLSSession {
    enum Progress: Equatable {
        case done
        case needsInput
        case failed(TLSFailure)
    }

    enum Reading: Equatable {
        case plaintext
        case needsInput
        /// The peer's close_notify: it sends no more.
        case ended
        case failed(TLSFailure)
    }

    /// What a record adds to its plaintext: header, content type and tag, and with TLS 1.2 a nonce.
    private static let recordOverhead = 32
    private static let maxRecordBytes = 16_384

    let role: TLSRole
    private let ssl: OpaquePointer
    private let wire: UnsafeMutablePointer<Wire>
    /// What callbacks of OpenSSL reach through the session; alive as long as it is.
    private let owner: AnyObject?

    init(_ context: TLSContext, role: TLSRole, owner: AnyObject? = nil) throws(TLSFailure) {
        let ssl = try openSSL("a TLS session") { SSL_new(context.pointer) }
        let wire = UnsafeMutablePointer<Wire>.allocate(capacity: 1)
        wire.initialize(to: Wire())
        guard let bio = WireBIO.make(wire) else {
            SSL_free(ssl)
            wire.deinitialize(count: 1)
            wire.deallocate()
            throw TLSFailure(takingQueueAfter: "a TLS session")
        }
        SSL_set_bio(ssl, bio, bio)
        if let owner { SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(owner).toOpaque()) }
        switch role {
        case .server: SSL_set_accept_state(ssl)
        case .client: SSL_set_connect_state(ssl)
        }
        (self.ssl, self.wire, self.role, self.owner) = (ssl, wire, role, owner)
    }

    deinit {
        // Frees the BIO too, which points at the wire.
        SSL_free(ssl)
        wire.deinitialize(count: 1)
        wire.deallocate()
    }

    /// Ciphertext that is there to be read while `body` runs.
    func withInput(_ bytes: UnsafeRawBufferPointer, _ body: () -> Void) {
        wire.pointee.input = bytes
        body()
        wire.pointee.input = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// Ciphertext to be written, if there is any.
    func takeOutput() -> ByteBuffer? {
        guard wire.pointee.output.readableBytes > 0 else { return nil }
        var output = ByteBuffer()
        swap(&output, &wire.pointee.output)
        return output
    }

    func handshake() -> Progress {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        guard result != 1 else { return .done }
        guard SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ else { return .needsInput }
        let failure = verificationFailure ?? TLSFailure(takingQueueAfter: "TLS handshake")
        let isBare = failure.cause == .parameters && (owner as? ServerIdentity)?.certificates.isEmpty == true
        return .failed(isBare ? ServerIdentity.noCertificate : failure)
    }

    /// It was to show an authority a proof, and nothing else.
    var isProof: Bool {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        return UnsafeBufferPointer(start: name, count: Int(count)).elementsEqual(ALPN.acme.utf8)
    }

    /// Appends what fits into the buffer, a record at most.
    func read(into buffer: inout ByteBuffer) -> Reading {
        ERR_clear_error()
        var result: Int32 = 0
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 0) { bytes in
            var count = 0
            result = SSL_read_ex(ssl, bytes.baseAddress, bytes.count, &count)
            return count
        }
        guard result != 1 else { return .plaintext }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .needsInput
        case SSL_ERROR_ZERO_RETURN: return .ended
        default: return .failed(TLSFailure(takingQueueAfter: "TLS"))
        }
    }

    /// All of it, as records of the output.
    func write(_ plaintext: ByteBuffer, _ allocator: ByteBufferAllocator) -> TLSFailure? {
        let count = plaintext.readableBytes
        guard count > 0 else { return nil }
        let records = (count + Self.maxRecordBytes - 1) / Self.maxRecordBytes
        if wire.pointee.output.capacity == 0 {
            wire.pointee.output = allocator.buffer(capacity: count + records * Self.recordOverhead)
        }
        ERR_clear_error()
        var written = 0
        let result = plaintext.withUnsafeReadableBytes { SSL_write_ex(ssl, $0.baseAddress, $0.count, &written) }
        return result == 1 && written == count ? nil : TLSFailure(takingQueueAfter: "TLS")
    }

    /// Says close_notify. The peer may go on sending.
    func endOutput() {
        ERR_clear_error()
        if SSL_shutdown(ssl) < 0 { ERR_clear_error() }
    }

    var agreed: TLSHandshake? {
        guard
            let suite = SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).flatMap({
                TLSSuite(rawValue: String(cString: $0))
            })
        else { return nil }
        let version = SSL_version(ssl) == TLS1_3_VERSION ? TLSVersion.tls13 : .tls12
        return TLSHandshake(version: version, suite: suite, isResumed: SSL_session_reused(ssl) == 1)
    }
}

extension TLSSession {
    /// As a client: whom we mean to talk to, by its certificate and, where it is a name, in the handshake.
    func expect(host: String) throws(TLSFailure) {
        let parameters = SSL_get0_param(ssl)
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1 { return }
        SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        try openSSL("the name '\(host)'") { SSL_set1_host(ssl, host) }
        try openSSL("the name '\(host)'") { Int32(COpenSSL_set_server_name(ssl, host)) }
    }

    /// What is wrong with the peer's certificate, in OpenSSL's words.
    private var verificationFailure: TLSFailure? {
        let result = SSL_get_verify_result(ssl)
        guard result != Int(X509_V_OK), let text = X509_verify_cert_error_string(result) else { return nil }
        ERR_clear_error()
        if let complaint = (owner as? DialledHost)?.complaint { return .otherName(complaint) }
        return TLSFailure(.certificate, "the certificate does not hold: \(String(cString: text))")
    }
}
