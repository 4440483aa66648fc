internal import COpenSSL
public import NIOCore
import Synchronization

/// TLS of a listener. Its certificates can change while connections are open.
public final class TLSServer: Sendable {
    private let settings: TLSServerSettings
    private let tickets: TicketKeys
    private struct State {
        var identity: ServerIdentity
        var proofs: [String: DomainProof] = [:]
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - certificates: chosen by the name that a client asks for, else the first. Without any, handshakes fail but
    ///     an authority's.
    ///   - clock: nanoseconds that never go back.
    public init(
        _ certificates: [ServerCertificate],
        settings: TLSServerSettings = TLSServerSettings(),
        clock: @escaping @Sendable () -> UInt64
    ) throws(CertificateFailure) {
        self.settings = settings
        tickets = TicketKeys(clock: clock)
        state = Mutex(State(identity: try ServerIdentity(certificates, settings, tickets: tickets)))
    }

    public var certificates: [ServerCertificate] { state.withLock { $0.identity.certificates } }

    /// For connections that begin from now on.
    public func use(_ certificates: [ServerCertificate]) throws(CertificateFailure) {
        let next = try ServerIdentity(certificates, settings, tickets: tickets)
        state.withLock { $0.identity = next.showing($0.proofs) }
    }

    /// Shows an authority that asks for `domain` by tls-alpn-01 (RFC 8737) that we answer for it, until `endProofs`.
    public func prove(_ domain: String, keyAuthorization: String) throws(TLSFailure) {
        let proof = try DomainProof(domain, keyAuthorization: keyAuthorization, minimum: settings.minimum)
        state.withLock { state in
            state.proofs[domain.lowercased()] = proof
            state.identity = state.identity.showing(state.proofs)
        }
    }

    public func endProofs() {
        state.withLock { state in
            state.proofs = [:]
            state.identity = state.identity.showing([:])
        }
    }

    /// For a new channel's pipeline, nearest to the socket.
    /// - Parameter limit: of the handshake's time; nil is none.
    public func handler(
        within limit: TimeAmount?,
        buffers: PlaintextBuffers? = nil,
        finished: @escaping TLSHandler.Finished = { _ in }
    ) throws(TLSFailure) -> TLSHandler {
        let identity = state.withLock { $0.identity }
        let session = try TLSSession(identity.contexts[0], role: .server, owner: identity)
        return TLSHandler(session, limit, buffers ?? .unshared, finished)
    }
}
