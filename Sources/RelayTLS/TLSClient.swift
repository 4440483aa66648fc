internal import COpenSSL
public import NIOCore

/// TLS towards servers: theirs must be a certificate of an authority that is trusted, for the name they are called by.
public final class TLSClient: Sendable {
    private let context: TLSContext

    /// - Parameters:
    ///   - authorities: a PEM file; nil for the system's (`SSL_CERT_FILE`, else where OpenSSL keeps them).
    ///   - minimum: other people's servers may lack TLS 1.3.
    public init(authorities: String? = nil, minimum: TLSVersion = .tls12) throws(TLSFailure) {
        context = try .client(minimum: minimum)
        if let authorities {
            do throws(TLSFailure) {
                try openSSL("reading") { SSL_CTX_load_verify_file(context.pointer, authorities) }
            } catch {
                throw TLSFailure(.internal, "the certificates of \(authorities) cannot be used: \(error.reason)")
            }
        } else {
            try openSSL("the system's certificates") { SSL_CTX_set_default_verify_paths(context.pointer) }
        }
        // SSL_CTX_set_alpn_protos answers 0 where all is well.
        let protocols = ALPN.list
        guard SSL_CTX_set_alpn_protos(context.pointer, protocols, UInt32(protocols.count)) == 0 else {
            throw TLSFailure(takingQueueAfter: "ALPN")
        }
    }

    /// For a new channel's pipeline, nearest to the socket. Nothing is to be written before the handshake is done:
    /// `TLSHandshake` comes as a user event then, and `finished` is called, once.
    /// - Parameter host: as it was dialled; an IPv6 address without brackets.
    public func handler(
        to host: String,
        within limit: TimeAmount,
        finished: @escaping TLSHandler.Finished = { _ in }
    ) throws(TLSFailure) -> TLSHandler {
        TLSHandler(try session(to: host), limit, .unshared, finished)
    }

    func session(to host: String) throws(TLSFailure) -> TLSSession {
        let session = try TLSSession(context, role: .client, owner: DialledHost(host))
        try session.expect(host: host)
        return session
    }
}
