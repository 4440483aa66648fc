import Identity
public import Listening
public import NIOCore
import NIOHTTP1
import NIOPosix
public import RelayCore
public import RelayTLS
public import WireProtocol

/// Takes agents' connections and gives each to a data loop.
public struct AgentListener: Sendable {
    private let loops: DataLoops
    private let settings: ListenerSettings
    /// Of the listening socket itself.
    private let maxSockets: Int
    private let admission: Admission
    private let trust: ProxyTrust
    private let journal: ConnectionJournal
    private let makeHandler: HandlerMaker
    let tls: TLSServer?
    let turnstile: Turnstile

    /// - Parameter tls: nil for connections in the clear.
    public init(
        loops: DataLoops,
        session: SessionConfiguration,
        limits: TransportLimits,
        admission: Admission,
        trust: ProxyTrust = .none,
        journal: ConnectionJournal = .none,
        tls: TLSServer? = nil
    ) {
        self.init(loops, session, limits, admission, trust, journal, tls) { try ConnectionHandler(services: $0) }
    }

    /// The same way in, and another handler behind the upgrade: the conformance tests' echo, which no agent gets into.
    package init(
        loops: DataLoops,
        limits: TransportLimits,
        admission: Admission,
        makeHandler: @escaping @Sendable (DeflateTerms?) -> any ChannelHandler
    ) {
        let session = SessionConfiguration(relayID: admission.identity.relayID)
        self.init(loops, session, limits, admission, .none, .none, nil) { makeHandler($0.deflate) }
    }

    private init(
        _ loops: DataLoops,
        _ session: SessionConfiguration,
        _ limits: TransportLimits,
        _ admission: Admission,
        _ trust: ProxyTrust,
        _ journal: ConnectionJournal,
        _ tls: TLSServer?,
        makeHandler: @escaping HandlerMaker
    ) {
        self.loops = loops
        settings = ListenerSettings(session, limits)
        maxSockets = limits.maxSockets
        self.admission = admission
        self.trust = trust
        self.journal = journal
        self.makeHandler = makeHandler
        self.tls = tls
        turnstile = Turnstile(limits: limits)
    }

    /// - Returns: the listening channel; its local address has the real port where 0 was asked for. Once it is closed,
    ///   sockets that have not asked for their upgrade are refused it.
    public func bind(host: String, port: Int) -> EventLoopFuture<any Channel> {
        ServerBootstrap(group: loops.group)
            .serverChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try guardDoor(channel) } }
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // For the upgrade request; then `SharedReadBuffer`.
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1_024))
            .childChannelOption(.maxMessagesPerRead, value: SharedReadBuffer.readsPerTick)
            .childChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try open(channel) } }
            .bind(host: host, port: port)
    }

    /// For connections that come from now on. `maxSockets` stays.
    public func update(_ session: SessionConfiguration, _ limits: TransportLimits, connectionsPerAgentPerMinute: Int) {
        settings.replace(session, limits)
        turnstile.limit(by: limits)
        admission.limit(connectionsPerAgentPerMinute: connectionsPerAgentPerMinute)
    }

    /// Tells who comes while memory is short that there is none for another connection.
    public func memory(is level: MemoryLevel) { turnstile.memory(isTight: level != .normal) }

    private func guardDoor(_ channel: any Channel) throws {
        let (loop, journal, state) = (loops.loop(of: channel.eventLoop), journal, loops.accepting)
        func paused(by obstacle: AcceptObstacle) {
            loop?.relay?.note(.acceptPaused)
            journal.paused(obstacle)
        }
        let gate = AcceptGate(maxSockets: maxSockets) { open in
            state.held(true)
            paused(by: .socketsSpent(open))
        } resumed: {
            state.held(false)
        }
        let pause = AcceptPause { errno in
            // Long enough that the next refusal comes before its end.
            state.refused(until: channel.eventLoop.now.uptimeNanoseconds + .seconds(2))
            paused(by: .refusedBySystem(errno: errno))
        }
        try channel.pipeline.syncOperations.addHandlers(ClosingHandler(turnstile: turnstile), gate, pause)
    }

    /// Of a socket that cannot be served; ends it.
    private enum Unserved: Error {
        case foreignLoop, turnedAway, gone
    }

    func open(_ channel: any Channel) throws {
        guard let loop = loops.loop(of: channel.eventLoop) else { throw Unserved.foreignLoop }
        let peer = channel.remoteAddress
        // Reset before it was looked at, as haproxy ends its checks: whose word its bytes are cannot be known any more.
        if peer == nil, trust.expectsHeaders { throw Unserved.gone }
        let header = trust.header(from: peer)
        if header != .proxyProtocol { try serve(channel, on: loop, from: peer, header) }
        let timeout = settings.current.limits.handshakeTimeout
        let handler = ProxyHeaderHandler(
            expecting: header == .proxyProtocol ? .header : .noHeader,
            patience: timeout > .zero ? timeout : nil
        ) { outcome in try take(outcome, of: channel, on: loop) }
        try channel.pipeline.syncOperations.addHandler(handler, position: .first)
    }

    private func take(_ outcome: ProxyHeaderHandler.Outcome, of channel: any Channel, on loop: DataLoop) throws {
        switch outcome {
        case .client(let client):
            loop.relay?.note(.proxyHeader(client == nil ? .own : .client))
            try serve(channel, on: loop, from: client ?? channel.remoteAddress, nil)
        case .refused(let refusal):
            let result = ProxyHeaderResult(refusal)
            loop.relay?.note(.proxyHeader(result))
            loop.relay?.note(.connectionFailed(.proxyHeader))
            journal.write(.proxyRefused(result), ClientNetwork(channel.remoteAddress).description)
        }
    }

    /// - Parameter header: what its request is to bring.
    private func serve(
        _ channel: any Channel,
        on loop: DataLoop,
        from client: SocketAddress?,
        _ header: ProxyTrust.Header?
    ) throws {
        let network = ClientNetwork(client)
        let visit = Visit(turnstile, from: header == nil ? network : nil, at: loop.now)
        channel.closeFuture.assumeIsolated().whenComplete { _ in visit.leave() }
        switch visit.entry {
        case .turnedAway(let limit): try turnAway(limit, loop, network)
        // To be told why in the clear is worth a request; a handshake is what an attacker would make us pay.
        case .refused(let limit, _) where tls != nil: try turnAway(limit, loop, network)
        case .admitted, .refused: break
        }
        if visit.isUntracked { loop.relay?.note(.rateUntracked(.connectionsPerIPPerSecond)) }
        let (session, limits) = settings.current
        let services = ConnectionServices(
            loop: loop,
            session: session,
            limits: limits,
            admission: admission,
            turnstile: turnstile,
            client: client,
            journal: journal,
            makeHandler: makeHandler
        )
        let upgrade = UpgradeHandler(services: services, visit: visit, trust: header == nil ? nil : trust)
        let pipeline = channel.pipeline.syncOperations
        if let tls { try pipeline.addHandler(tls.handler(services)) }
        try pipeline.addHandler(RequestSizeHandler(upgrade: upgrade))
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes)))
        try pipeline.addHandler(upgrade)
    }
}

extension AgentListener {
    private func turnAway(_ limit: ConnectionLimit, _ loop: DataLoop, _ network: ClientNetwork) throws -> Never {
        loop.relay?.note(.connectionRefused(limit))
        loop.relay?.note(.connectionFailed(.limit))
        journal.write(.turnedAway(limit), network.description)
        throw Unserved.turnedAway
    }
}

/// Closes the turnstile before the listening socket, so that whoever waits for the one has the other.
private final class ClosingHandler: ChannelOutboundHandler {
    typealias OutboundIn = Never

    private let turnstile: Turnstile

    init(turnstile: Turnstile) { self.turnstile = turnstile }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        turnstile.close()
        context.close(mode: mode, promise: promise)
    }
}

extension ProxyHeaderResult {
    /// A test holds the two lists together.
    public init(_ refusal: ProxyRefusal) { self = Self(rawValue: refusal.rawValue) ?? .malformed }
}
