/// The relay's side of one connection (protocol sections 2 to 8): frames and time in, actions out. It reads no clock
/// and does no I/O. Times are monotonic nanoseconds, wall clocks unix milliseconds.
public struct SessionStateMachine: Equatable, Sendable {
    enum Phase: Equatable, Sendable {
        case awaitingHello
        /// The shell signs the relay's proof.
        indirect case proving(Hello)
        indirect case awaitingAuth(Hello)
        /// The shell verifies an AUTH.
        indirect case authenticating(Hello)
        case open
        case draining(retryAfterMilliseconds: UInt64?)
        case closed
    }

    let configuration: SessionConfiguration
    let challenge: [UInt8]
    var phase = Phase.awaitingHello
    var keepalive: KeepaliveClock
    var nextSequence: UInt32 = 1
    var pingsSent: UInt64 = 0
    /// A MESSAGE with one of these is not taken on the fast path.
    var unusualFlags: FrameFlags = [.reserved, .compressed, .traced]
    /// What a COMPRESSED MESSAGE must be compressed with; nil before AUTH_OK, too.
    var compression: CompressionAlgorithm?
    private let handshakeDeadline: UInt64

    /// As negotiated; empty before HELLO.
    public internal(set) var extensions: [Extension] = []
    /// Who the agent is; nil before AUTH_OK.
    public internal(set) var agent: AgentHash?
    /// What a PONG says about this relay, 0...1. The shell keeps it current.
    public var load = 0.0

    /// - Parameter challenge: 32 random bytes, used for no other connection.
    public init(configuration: SessionConfiguration, challenge: [UInt8], openedAt: UInt64) {
        precondition(challenge.count == HelloAck.challengeByteCount)
        self.configuration = configuration
        self.challenge = challenge
        keepalive = KeepaliveClock(configuration: configuration, openedAt: openedAt)
        let timeout = configuration.handshakeTimeout
        handshakeDeadline = timeout > 0 ? KeepaliveClock.later(openedAt, by: timeout) : .max
    }

    /// AUTH_OK is out and the connection is not ended.
    public var isOpen: Bool {
        switch phase {
        case .open, .draining: true
        case .awaitingHello, .proving, .awaitingAuth, .authenticating, .closed: false
        }
    }

    public var isClosed: Bool { phase == .closed }

    /// GOAWAY is out.
    public var isDraining: Bool { if case .draining = phase { true } else { false } }

    /// When the agent was heard last, and PINGs sent since without an answer.
    public var keepaliveReading: (heardAt: UInt64, unanswered: Int) { (keepalive.lastHeard, keepalive.unanswered) }
}

extension SessionStateMachine {
    /// When to call `timePassed` at the latest.
    public var nextDeadline: UInt64? {
        switch phase {
        case .awaitingHello, .proving, .awaitingAuth, .authenticating: handshakeDeadline
        case .open, .draining: keepalive.nextDeadline
        case .closed: nil
        }
    }

    public mutating func timePassed(at now: UInt64, wallClock: UInt64) -> SessionAction {
        switch phase {
        case .closed: return .none
        case .open, .draining: break
        case .awaitingHello, .proving, .awaitingAuth, .authenticating:
            return handshakeDeadline <= now ? end(.handshakeTimeout) : .none
        }
        switch keepalive.timePassed(at: now) {
        case .quiet: return .none
        case .missed: return end(.keepaliveMissed)
        case .idle: return end(.idle)
        case .ping:
            pingsSent += 1
            return .send([OutgoingFrame(Ping(timestamp: wallClock, sequence: pingsSent))])
        }
    }

    /// The relay stopped reading from this agent; until it resumes, silence counts for nothing.
    public mutating func keepaliveStopped(at now: UInt64) { keepalive.stop(at: now) }

    public mutating func keepaliveResumed(at now: UInt64) { keepalive.resume(at: now) }
}

extension SessionStateMachine {
    /// The relay drains: no new MESSAGE from here on. A handshake that is not through ends at once.
    public mutating func drainStarted(
        reconnectAfterMilliseconds: UInt64?,
        alternateRelay: String? = nil
    ) -> SessionAction {
        let goAway = OutgoingFrame(
            GoAway(
                message: Disconnect.drain(reconnectAfterMilliseconds: nil).reason,
                reconnectAfterMilliseconds: reconnectAfterMilliseconds,
                alternateRelay: alternateRelay
            )
        )
        switch phase {
        case .closed, .draining: return .none
        case .open:
            phase = .draining(retryAfterMilliseconds: reconnectAfterMilliseconds)
            return .send([goAway])
        case .awaitingHello, .proving, .awaitingAuth, .authenticating:
            return end(.drain(reconnectAfterMilliseconds: reconnectAfterMilliseconds), sending: [goAway])
        }
    }

    /// The shell ends the session for a reason of its own: slow consumer, text message, its own failure, end of drain.
    public mutating func ended(by disconnect: Disconnect) -> SessionAction {
        switch disconnect {
        case .internalError:
            let error = ProtocolError(code: .internalError, message: disconnect.reason, fatal: true)
            return end(disconnect, sending: [OutgoingFrame(error)])
        case .operatorClosed(let delay):
            let goAway = GoAway(message: disconnect.reason, reconnectAfterMilliseconds: delay)
            return end(disconnect, sending: [OutgoingFrame(goAway)])
        default: return end(disconnect)
        }
    }

    /// A COMPRESSED MESSAGE of the agent was found not to be what its head says, when somebody wanted it inflated.
    public mutating func compressionFailed(_ id: MessageID, _ flaw: String) -> SessionAction {
        let error = ProtocolError(
            code: .compression,
            message: "MESSAGE: \(flaw)",
            details: ["message_id": id.description]
        )
        return end(.protocolViolation(.compression), sending: [OutgoingFrame(error)])
    }

    mutating func end(_ disconnect: Disconnect, sending frames: [OutgoingFrame] = []) -> SessionAction {
        guard phase != .closed else { return .none }
        phase = .closed
        return .disconnect(disconnect, sending: frames)
    }

    /// A fatal ERROR that says what was wrong, then the end.
    mutating func violation(_ message: String, code: ErrorCode = .protocolError) -> SessionAction {
        let error = OutgoingFrame(ProtocolError(code: code, message: message))
        return end(code == .frameSize ? .tooLarge : .protocolViolation(code), sending: [error])
    }
}
