internal import COpenSSL

/// What a server asks of its clients.
public struct TLSServerSettings: Sendable, Equatable {
    public var minimum = TLSVersion.tls13
    /// nil: no certificate is asked for.
    public var clients: ClientCertificates?

    public init(minimum: TLSVersion = .tls13, clients: ClientCertificates? = nil) {
        self.minimum = minimum
        self.clients = clients
    }

    public struct ClientCertificates: Sendable, Equatable {
        /// PEM: who signs them.
        public var authorities: String
        /// Otherwise one that is shown must hold.
        public var isRequired: Bool

        public init(authorities: String, isRequired: Bool) {
            self.authorities = authorities
            self.isRequired = isRequired
        }
    }
}

extension TLSServerSettings.ClientCertificates {
    private static let noTicket = UInt64(1) << 14

    func install(on context: TLSContext) throws(CertificateFailure) {
        // Says in its own words what is wrong with the file.
        _ = try PEMFile(authorities).certificates()
        do throws(TLSFailure) {
            try openSSL("authorities of clients") { SSL_CTX_load_verify_file(context.pointer, authorities) }
        } catch {
            throw CertificateFailure(authorities, "cannot be used: \(error.reason)")
        }
        SSL_CTX_set_client_CA_list(context.pointer, SSL_load_client_CA_file(authorities))
        let mode = SSL_VERIFY_PEER | (isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0)
        SSL_CTX_set_verify(context.pointer, mode, nil)
        // Whoever resumes shows no certificate: a day after its authority was taken away it would still get in.
        SSL_CTX_set_options(context.pointer, Self.noTicket)
        SSL_CTX_set_num_tickets(context.pointer, 0)
    }
}
