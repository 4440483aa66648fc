import Identity
import WireProtocol

/// The agent's side of one connection (protocol sections 2 to 8): frames and time in, actions out. It reads no clock
/// and does no I/O. Times are monotonic nanoseconds, wall clocks unix milliseconds.
struct ClientSession: Sendable {
    enum Phase: Equatable, Sendable {
        case awaitingHelloAck
        indirect case awaitingVerdict(HelloAck)
        case open
        /// GOAWAY came: what is under way ends, nothing new begins.
        case goingAway(GoAway)
        case closed
    }

    let configuration: RelayClient.Configuration
    let agent: AgentHash
    /// "host:port" that was dialled.
    let authority: String
    let nonce: [UInt8]
    var phase = Phase.awaitingHelloAck
    var keepalive: Keepalive
    var nextSequence: UInt32 = 1
    private var pingsSent: UInt64 = 0
    private let handshakeDeadline: UInt64

    /// As negotiated; empty before HELLO_ACK.
    var extensions: [Extension] = []

    /// - Parameter nonce: 32 random bytes, used for no other connection.
    init(configuration: RelayClient.Configuration, authority: String, nonce: [UInt8], openedAt: UInt64) {
        self.configuration = configuration
        self.authority = authority
        self.nonce = nonce
        agent = AgentHash(agentID: configuration.agentID)
        handshakeDeadline = openedAt.saturatingAdd(configuration.connectTimeout.clampedNanoseconds)
        keepalive = Keepalive(interval: .max, timeout: .max, maxMissed: 1, openedAt: openedAt)
    }

    /// AUTH_OK is in and nothing ended the session.
    var isOpen: Bool {
        switch phase {
        case .open, .goingAway: true
        case .awaitingHelloAck, .awaitingVerdict, .closed: false
        }
    }

    var takesMessages: Bool { phase == .open }

    var goAway: GoAway? {
        guard case .goingAway(let goAway) = phase else { return nil }
        return goAway
    }
}

extension ClientSession {
    /// When to call `timePassed` at the latest.
    var nextDeadline: UInt64? {
        switch phase {
        case .awaitingHelloAck, .awaitingVerdict: handshakeDeadline
        case .open, .goingAway: keepalive.deadline
        case .closed: nil
        }
    }

    mutating func timePassed(at now: UInt64, wallClock: UInt64) -> ClientSessionAction {
        switch phase {
        case .closed: return .none
        case .awaitingHelloAck, .awaitingVerdict: return handshakeDeadline <= now ? end(.handshakeTimeout) : .none
        case .open, .goingAway: break
        }
        switch keepalive.timePassed(at: now) {
        case .quiet: return .none
        case .dead: return end(.keepaliveMissed)
        case .ping:
            pingsSent += 1
            return .send([OutgoingFrame(Ping(timestamp: wallClock, sequence: pingsSent))])
        }
    }

    mutating func readingPaused() { keepalive.paused() }

    mutating func readingResumed(at now: UInt64) { keepalive.resumed(at: now) }

    /// The shell ends the session, or its socket did.
    mutating func ended() { phase = .closed }

    mutating func end(_ failure: ConnectionFailure, sending frames: [OutgoingFrame] = []) -> ClientSessionAction {
        guard phase != .closed else { return .none }
        phase = .closed
        return .end(failure, sending: frames)
    }

    /// A fatal ERROR that says what was wrong, then the end.
    mutating func violation(_ message: String, code: ErrorCode = .protocolError) -> ClientSessionAction {
        end(.violation(message), sending: [OutgoingFrame(ProtocolError(code: code, message: message))])
    }
}
