/// What the shell of a session is to do. `message` carries everything inline: no allocation on that path.
public enum SessionAction: Equatable, Sendable {
    case none
    /// A MESSAGE of this agent whose checksum is still to be checked, while it is copied out.
    case message(RoutingHeader, mode: DeliveryMode, traced: Bool)
    /// The agent took these over. Of any type: it settles what is in flight to this agent and nothing else.
    case acknowledged([MessageID], AckType)
    /// A MESSAGE that is not accepted; the answer goes to its sender.
    case nack(Nack)
    case send([OutgoingFrame])
    /// Sign these bytes with the relay's key and call `relayProved(signature:)`.
    case prove([UInt8])
    /// Verify, then call `authenticated` or `authenticationFailed`.
    indirect case authenticate(AuthAttempt)
    /// Send what is given, flush, close. The session takes no further frame.
    case disconnect(Disconnect, sending: [OutgoingFrame])
}

/// All that a verifier needs to judge an AUTH.
public struct AuthAttempt: Equatable, Sendable {
    public var hello: Hello
    public var auth: Auth
    /// 32 bytes, sent in HELLO_ACK of this connection only.
    public var challenge: [UInt8]
    public var extensions: [Extension]
    public var relayID: String

    /// What `auth.signature` must be over. `authority` is there wherever `auth:bound` was negotiated.
    public var signedBytes: [UInt8] {
        guard extensions.contains(.boundAuth), let authority = auth.authority else { return challenge }
        return SignedBytes.authentication(
            challenge: challenge,
            nonce: hello.nonce,
            relayID: relayID,
            agentID: auth.agentID,
            authority: authority
        )
    }
}

/// What AUTH_OK gives the agent.
public struct SessionGrant: Equatable, Sendable {
    public var sessionID: String
    public var sessionToken: String
    /// Unix milliseconds.
    public var expires: UInt64
    public var queueStatus: QueueSummary

    public init(sessionID: String, sessionToken: String, expires: UInt64, queueStatus: QueueSummary) {
        self.sessionID = sessionID
        self.sessionToken = sessionToken
        self.expires = expires
        self.queueStatus = queueStatus
    }
}

/// What to do with a frame whose header is read, before a byte of its payload is buffered.
public enum FrameAdmission: Equatable, Sendable {
    /// Wait until it is whole, then `received`.
    case buffer
    /// A MESSAGE over the limit: read its routing header, discard the rest unseen, then `skippedMessage`.
    case skip
    /// Call `oversized`.
    case refuse
}

/// How large a frame may be, as the session stands.
public struct FrameLimits: Equatable, Sendable {
    let takesMessages: Bool
    let maxDocumentBytes: Int
    /// Of an envelope.
    let maxMessageBytes: Int

    public init(takesMessages: Bool, maxDocumentBytes: Int, maxMessageBytes: Int) {
        self.takesMessages = takesMessages
        self.maxDocumentBytes = maxDocumentBytes
        self.maxMessageBytes = maxMessageBytes
    }

    /// - Parameter header: of the frame that comes next.
    public func admission(of header: FrameHeader) -> FrameAdmission {
        guard takesMessages, header.type == .message else {
            return header.payloadLength <= maxDocumentBytes ? .buffer : .refuse
        }
        return header.envelopeLength > maxMessageBytes ? .skip : .buffer
    }
}
