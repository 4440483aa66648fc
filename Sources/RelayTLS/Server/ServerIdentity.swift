internal import COpenSSL
import Glibc

/// The certificates that connections begin with from some moment on: one context for each. A connection keeps those it
/// began with, so a change drops nobody.
final class ServerIdentity: Sendable {
    let certificates: [ServerCertificate]
    /// In the order of `certificates`; the first is for whoever names no server, or one that nobody here has.
    /// Without any certificate one context that can only refuse.
    let contexts: [TLSContext]
    /// By domain, in lower case: shown to nobody but an authority.
    private let proofs: [String: DomainProof]
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
        self.contexts = contexts.isEmpty ? [try Self.context(nil, settings)] : contexts
        proofs = [:]
    }

    private init(_ other: ServerIdentity, proofs: [String: DomainProof]) {
        (certificates, contexts, tickets) = (other.certificates, other.contexts, other.tickets)
        self.proofs = proofs
    }

    /// The same, with other proofs.
    func showing(_ proofs: [String: DomainProof]) -> ServerIdentity { ServerIdentity(self, proofs: proofs) }

    /// What a handshake without any certificate fails with.
    static let noCertificate = TLSFailure(.internal, "there is no certificate yet")

    private static func context(
        _ certificate: ServerCertificate?,
        _ settings: TLSServerSettings
    ) throws(CertificateFailure) -> TLSContext {
        let context: TLSContext
        do throws(TLSFailure) {
            context = try .server(minimum: settings.minimum)
        } catch {
            throw CertificateFailure(certificate?.files.certificate ?? "TLS", error.reason)
        }
        try certificate?.install(on: context)
        ALPN.installServer(on: context)
        installTickets(on: context)
        installStapling(on: context)
        try settings.clients?.install(on: context)
        COpenSSL_set_server_name_callback(context.pointer) { ssl, _, _ in ServerIdentity.chooseByName(ssl) }
        SSL_CTX_set_client_hello_cb(context.pointer, { ssl, _, _ in ServerIdentity.showProof(ssl) }, nil)
        return context
    }

    private static func of(_ ssl: OpaquePointer?) -> ServerIdentity? {
        SSL_get_ex_data(ssl, 0).map { Unmanaged<ServerIdentity>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Before anything else of the handshake.
    private static func showProof(_ ssl: OpaquePointer?) -> Int32 {
        guard let identity = of(ssl), !identity.proofs.isEmpty, ALPN.isProofWanted(in: ssl),
            let name = ALPN.serverName(in: ssl), let proof = identity.proofs[name]
        else { return SSL_CLIENT_HELLO_SUCCESS }
        SSL_set_SSL_CTX(ssl, proof.context.pointer)
        // What the session was made with stays: an authority has no certificate of an agent.
        SSL_set_verify(ssl, SSL_VERIFY_NONE, nil)
        return SSL_CLIENT_HELLO_SUCCESS
    }

    private static func chooseByName(_ ssl: OpaquePointer?) -> Int32 {
        guard let identity = of(ssl), SSL_get_SSL_CTX(ssl) == identity.contexts[0].pointer,
            let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)
        else {
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
            identity.certificates.indices.contains(place),
            let response = identity.certificates[place].ocspResponse?.stapled(at: Int64(time(nil))),
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
