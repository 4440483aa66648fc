public import NIOCore
public import RelayCore
public import WireProtocol

/// One connection, as it was when its loop was asked.
public struct ConnectionReading: Sendable {
    public enum State: String, Sendable {
        /// No AUTH_OK yet.
        case handshake
        case open
        /// It was told to go elsewhere.
        case draining
        case closing
    }

    public var place: ConnectionPlace
    public var agent: AgentHash?
    public var address: SocketAddress?
    public var session: String?
    public var state: State
    public var loop: Int
    public var age: MonotonicNanoseconds
    public var outboxBytes: Int
    /// How long its socket has not taken what it was given.
    public var lag: MonotonicNanoseconds
    /// For how long its outbox has been past the high watermark; nil where it is not.
    public var slowFor: MonotonicNanoseconds?
    public var traffic: ConnectionTraffic
    public var extensions: [Extension]
    public var unheardFor: MonotonicNanoseconds
    /// In a row, until now.
    public var unansweredPings: Int

    public var ref: ConnectionRef { place.ref }
}

extension ConnectionReading {
    init(_ connection: Connection, at place: ConnectionPlace, now: MonotonicNanoseconds) {
        func since(_ time: MonotonicNanoseconds) -> MonotonicNanoseconds { now - min(now, time) }
        let handler = connection.socket as? ConnectionHandler
        let keepalive = handler?.session.keepaliveReading ?? (heardAt: now, unanswered: 0)
        self.place = place
        agent = connection.agent
        address = handler?.services.client
        session = handler?.sessionID
        state = handler?.readingState ?? .open
        loop = Int(connection.ref.loop)
        age = since(connection.openedAt)
        outboxBytes = connection.outbox.byteCount
        lag = connection.lag(at: now)
        slowFor = connection.pressedSince.map(since)
        traffic = connection.traffic
        extensions = handler?.session.extensions ?? []
        unheardFor = since(keepalive.heardAt)
        unansweredPings = keepalive.unanswered
    }
}

extension ConnectionHandler {
    fileprivate var readingState: ConnectionReading.State {
        guard ending.takesInput else { return .closing }
        if session.isDraining { return .draining }
        return session.isOpen ? .open : .handshake
    }
}
