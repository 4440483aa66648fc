public import WireProtocol

/// Why a connection to a relay did not come about, or ended.
public enum ConnectionFailure: Error, Equatable, Sendable {
    /// No TCP connection; in the operating system's words.
    case unreachable(String)
    /// No TLS with what was reached.
    case tls(String)
    /// An HTTP answer other than 101.
    case upgradeRefused(status: UInt, body: String)
    /// A 101 that is no WebSocket of this protocol.
    case notARelay(String)
    case handshakeTimeout
    case protocolVersion(String)
    /// A key is pinned and the relay proved none.
    case relayUnproved
    /// A key is pinned and the relay proved another.
    case relayKeyDiffers
    /// The relay's signature is not over this handshake: somebody in between, or a broken relay.
    case relayProofInvalid
    /// Without `auth:bound` a hostile relay could pass our signature on to another.
    case boundAuthenticationUnavailable
    case signing(String)
    case authenticationRefused(AuthFail)
    case relayFailed(ProtocolError)
    /// The relay broke the protocol.
    case violation(String)
    case keepaliveMissed
    case goneAway(GoAway)
    case closed(code: UInt16?)
    case lost(String)

    /// Whether trying again without a change cannot help, or must not be done.
    public var isFinal: Bool {
        switch self {
        case .protocolVersion, .relayUnproved, .relayKeyDiffers, .relayProofInvalid, .boundAuthenticationUnavailable,
            .signing:
            true
        case .authenticationRefused(let refusal): !refusal.retryAllowed
        default: false
        }
    }

    /// What the relay asked us to wait before the next attempt.
    var reconnectAfterMilliseconds: UInt64? {
        switch self {
        case .authenticationRefused(let refusal): refusal.retryAfterMilliseconds
        case .goneAway(let goAway): goAway.reconnectAfterMilliseconds
        default: nil
        }
    }

    /// What our close frame says.
    var closeCode: UInt16 {
        switch self {
        case .violation: 1002
        default: 1000
        }
    }
}

extension ConnectionFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreachable(let reason): "the relay cannot be reached: \(reason)"
        case .tls(let reason): "no TLS with the relay: \(reason)"
        case .upgradeRefused(let status, let body): "the relay answered \(status): \(body)"
        case .notARelay(let reason): "what answered is not a relay: \(reason)"
        case .handshakeTimeout: "the handshake took too long"
        case .protocolVersion(let version): "the relay speaks protocol version \(version)"
        case .relayUnproved: "the relay did not prove its identity, and a key is pinned"
        case .relayKeyDiffers: "the relay has another key than the pinned one"
        case .relayProofInvalid: "the relay's proof of identity does not hold"
        case .boundAuthenticationUnavailable: "the relay does not offer auth:bound"
        case .signing(let reason): "cannot sign: \(reason)"
        case .authenticationRefused(let refusal): "\(refusal.code): \(refusal.message)"
        case .relayFailed(let error): "the relay reported error \(error.code): \(error.message)"
        case .violation(let text): "the relay broke the protocol: \(text)"
        case .keepaliveMissed: "the relay does not answer"
        case .goneAway(let goAway): "the relay went away: \(goAway.message)"
        case .closed(let code):
            code.map { "the relay closed the connection with \($0)" } ?? "the relay closed the connection"
        case .lost(let reason): "the connection broke: \(reason)"
        }
    }
}
