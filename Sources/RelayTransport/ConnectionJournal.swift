public import RelayCore
public import WireProtocol

/// What an operator may want to read of connections, for a log. Told on a data loop; must not wait.
public struct ConnectionJournal: Sendable {
    public enum Entry: Sendable {
        /// A WebSocket; who it is comes later.
        case opened
        /// Not even that.
        case turnedAway(ConnectionLimit)
        /// Nor this: what it or its proxy said of where it comes from is not to be believed.
        case proxyRefused(ProxyHeaderResult)
        /// No TLS came about.
        case tlsFailed(TLSHandshakeFailure)
        /// The agent has its AUTH_OK.
        case connected(agent: AgentHash, extensions: [Extension], handshake: MonotonicNanoseconds)
        case refused(agent: AgentHash?, code: AuthFailCode)
        /// With a signature that let somebody in before.
        case replayed(agent: AgentHash?)
        /// Once a minute for a connection.
        case messageRateExceeded(agent: AgentHash)
        /// It sent a message in another agent's name. Once a minute for a connection.
        case impersonated(agent: AgentHash)
        /// `agent` is nil where it did not come to an AUTH_OK.
        case disconnected(agent: AgentHash?, reason: CloseReason, lasted: MonotonicNanoseconds)
    }

    /// - Parameter client: the address, or an IPv6 address' /64: to be hashed before it is written anywhere.
    public typealias Writer = @Sendable (_ entry: Entry, _ client: String) -> Void

    let write: Writer
    let paused: @Sendable (AcceptObstacle) -> Void

    public init(_ write: @escaping Writer, paused: @escaping @Sendable (AcceptObstacle) -> Void = { _ in }) {
        self.write = write
        self.paused = paused
    }

    public static let none = ConnectionJournal { _, _ in }
}
