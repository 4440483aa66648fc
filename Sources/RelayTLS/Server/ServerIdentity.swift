internal import COpenSSL

/// The certificates that connections begin with from some moment on: one context for each. A connection keeps those it
/// began with, so a change drops nobody.
final class ServerIdentity: Sendable {
    let certificates: [ServerCertificate]
    /// In the order of `certificates`; the first is for whoever names no server, or one that nobody here has.
    let contexts: [TLSContext]
    private let tickets: TicketKeys

    init(
        _ certificates: [ServerCertificate],
        _ settings: TLSServerSettings,
        tickets: TicketKeys
    ) throws(CertificateFailure) {
        self.certificates = certificates
        self.tickets = tickets
        var contexts: [TLSContext] = []
        for certificate in certificates {
            contexts.append(try Self.context(certificate, settings))
        }
        self.contexts = contexts
    }

    private static func context(
        _ certificate: ServerCertificate,
        _ settings: TLSServerSettings
    ) throws(CertificateFailure) -> TLSContext {
        let context: TLSContext
        do throws(TLSFailure) {
            context = try .server(minimum: settings.minimum)
        } catch {
            throw CertificateFailure(certificate.files.certificate, error.reason)
        }
        try certificate.install(on: context)
        ALPN.installServer(on: context)
        installTickets(on: context)
        installStapling(on: context)
        try settings.clients?.install(on: context)
        COpenSSL_set_server_name_callback(context.pointer) { ssl, _, _ in ServerIdentity.chooseByName(ssl) }
        return context
    }

    private static func of(_ ssl: OpaquePointer?) -> ServerIdentity? {
        SSL_get_ex_data(ssl, 0).map { Unmanaged<ServerIdentity>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func chooseByName(_ ssl: OpaquePointer?) -> Int32 {
        guard let identity = of(ssl), let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else {
            return SSL_TLSEXT_ERR_NOACK
        }
        if let place = identity.place(of: String(cString: name)), place > 0 {
            SSL_set_SSL_CTX(ssl, identity.contexts[place].pointer)
        }
        return SSL_TLSEXT_ERR_OK
    }

    /// By the name itself before any wildcard.
    func place(of name: String) -> Int? {
        let name = name.lowercased()
        if let exact = certificates.firstIndex(where: { $0.names.contains { $0.lowercased() == name } }) {
            return exact
        }
        guard let dot = name.firstIndex(of: "."), dot > name.startIndex else { return nil }
        let wildcard = "*" + name[dot...]
        return certificates.firstIndex { $0.names.contains { $0.lowercased() == wildcard } }
    }

    /// For clients that ask for it.
    private static func installStapling(on context: TLSContext) {
        let callback: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { ssl, _ in
            ServerIdentity.staple(ssl)
        }
        // As SSL_CTX_set_tlsext_status_cb, a macro, has it.
        let untyped = unsafeBitCast(callback, to: (@convention(c) () -> Void).self)
        SSL_CTX_callback_ctrl(context.pointer, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, untyped)
    }

    private static func staple(_ ssl: OpaquePointer?) -> Int32 {
        let chosen = SSL_get_SSL_CTX(ssl)
        guard let identity = of(ssl), let place = identity.contexts.firstIndex(where: { $0.pointer == chosen }),
            let response = identity.certificates[place].ocspResponse,
            // The session frees it.
            let copy = CRYPTO_malloc(response.count, "", 0)
        else { return SSL_TLSEXT_ERR_NOACK }
        copy.copyMemory(from: response, byteCount: response.count)
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP, response.count, copy)
        return SSL_TLSEXT_ERR_OK
    }

    private static func installTickets(on context: TLSContext) {
        SSL_CTX_set_tlsext_ticket_key_evp_cb(context.pointer) { ssl, name, iv, cipher, mac, isSealing in
            guard let tickets = ServerIdentity.of(ssl)?.tickets, let name, let iv else { return -1 }
            let answer =
                isSealing == 1 ? tickets.seal(name, iv, cipher, mac) : tickets.open(name, iv, cipher, mac)
            return answer.rawValue
        }
    }
}
