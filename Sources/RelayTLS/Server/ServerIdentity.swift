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
        minimum: TLSVersion,
        tickets: TicketKeys
    ) throws(CertificateFailure) {
        self.certificates = certificates
        self.tickets = tickets
        var contexts: [TLSContext] = []
        for certificate in certificates {
            contexts.append(try Self.context(certificate, minimum))
        }
        self.contexts = contexts
    }

    private static func context(
        _ certificate: ServerCertificate,
        _ minimum: TLSVersion
    ) throws(CertificateFailure) -> TLSContext {
        let context: TLSContext
        do throws(TLSFailure) {
            context = try .server(minimum: minimum)
        } catch {
            throw CertificateFailure(certificate.files.certificate, error.reason)
        }
        try certificate.install(on: context)
        ALPN.installServer(on: context)
        installTickets(on: context)
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

    private static func installTickets(on context: TLSContext) {
        SSL_CTX_set_tlsext_ticket_key_evp_cb(context.pointer) { ssl, name, iv, cipher, mac, isSealing in
            guard let tickets = ServerIdentity.of(ssl)?.tickets, let name, let iv else { return -1 }
            let answer =
                isSealing == 1 ? tickets.seal(name, iv, cipher, mac) : tickets.open(name, iv, cipher, mac)
            return answer.rawValue
        }
    }
}
