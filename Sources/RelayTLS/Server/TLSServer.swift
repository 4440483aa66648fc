internal import COpenSSL
public import NIOCore
import Synchronization

/// TLS of a listener. Its certificates can change while connections are open.
public final class TLSServer: Sendable {
    private let settings: TLSServerSettings
    private let tickets: TicketKeys
    private let identity: Mutex<ServerIdentity>

    /// - Parameters:
    ///   - certificates: at least one; chosen by the name that a client asks for, else the first.
    ///   - clock: nanoseconds that never go back.
    public init(
        _ certificates: [ServerCertificate],
        settings: TLSServerSettings = TLSServerSettings(),
        clock: @escaping @Sendable () -> UInt64
    ) throws(CertificateFailure) {
        self.settings = settings
        tickets = TicketKeys(clock: clock)
        identity = Mutex(try ServerIdentity(certificates, settings, tickets: tickets))
    }

    public var certificates: [ServerCertificate] { identity.withLock { $0.certificates } }

    /// For connections that begin from now on.
    public func use(_ certificates: [ServerCertificate]) throws(CertificateFailure) {
        let next = try ServerIdentity(certificates, settings, tickets: tickets)
        identity.withLock { $0 = next }
    }

    /// For a new channel's pipeline, nearest to the socket.
    /// - Parameter limit: of the handshake's time; nil is none.
    public func handler(
        within limit: TimeAmount?,
        buffers: PlaintextBuffers? = nil,
        finished: @escaping TLSHandler.Finished = { _ in }
    ) throws(TLSFailure) -> TLSHandler {
        let identity = identity.withLock { $0 }
        let session = try TLSSession(identity.contexts[0], role: .server, owner: identity)
        return TLSHandler(session, limit, buffers ?? .unshared, finished)
    }
}
