public import NIOCore
import WireProtocol

/// What a connection is made with.
struct ConnectionServices {
    let loop: DataLoop
    let session: SessionConfiguration
    let limits: TransportLimits
    let admission: Admission
    let turnstile: Turnstile
    /// Behind a proxy, the proxy's own until it has said whose socket it is.
    var client: SocketAddress?
    /// As the upgrade agreed it.
    var deflate: DeflateTerms?
    let journal: ConnectionJournal
    /// What a socket is given to once it is a WebSocket.
    let makeHandler: HandlerMaker

    var network: ClientNetwork { ClientNetwork(client) }
}

typealias HandlerMaker = @Sendable (ConnectionServices) throws -> any ChannelHandler

/// Bounds of the listener; protocol section 10. 0 is no limit.
public struct TransportLimits: Sendable {
    /// Sockets, those that have not asked for their upgrade yet among them.
    public var maxConnections: Int
    /// Accepting pauses at as many: the descriptors left are for everything else. Refused sockets count too.
    public var maxSockets: Int
    /// An IPv6 address counts as its /64.
    public var maxConnectionsPerIP: Int
    public var connectionsPerIPPerSecond: Int
    /// All addresses together.
    public var connectionsPerSecond: Int
    /// As `RelaySettings` has it: for the text of a refusal.
    public var maxConnectionsPerAgent: Int
    public var handshakeTimeout: TimeAmount
    /// permessage-deflate, for who offers it.
    public var deflatesMessages: Bool

    public init(
        maxConnections: Int = 100_000,
        maxSockets: Int = .max,
        maxConnectionsPerIP: Int = 100,
        connectionsPerIPPerSecond: Int = 10,
        connectionsPerSecond: Int = 1_000,
        maxConnectionsPerAgent: Int = 5,
        handshakeTimeout: TimeAmount = .seconds(5),
        deflatesMessages: Bool = false
    ) {
        self.maxConnections = maxConnections
        self.maxSockets = maxSockets
        self.maxConnectionsPerIP = maxConnectionsPerIP
        self.connectionsPerIPPerSecond = connectionsPerIPPerSecond
        self.connectionsPerSecond = connectionsPerSecond
        self.maxConnectionsPerAgent = maxConnectionsPerAgent
        self.handshakeTimeout = handshakeTimeout
        self.deflatesMessages = deflatesMessages
    }
}
