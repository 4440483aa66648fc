import Identity
import Logging
import NIOCore
import NIOPosix
import RelayAdmin
import RelayCore
import RelayTelemetry
import RelayTransport
import Synchronization
import Telemetry
import WireProtocol

/// A relay with its doors open: what signals, the admin socket and the end of the process act on.
final class RunningRelay: Sendable {
    let configuration: Configuration
    let configurationState: ConfigurationState
    let logger: Logger
    let log: LogBackend
    let logLevel: LogLevelControl
    let identity: RelayIdentity
    /// nil where agents are served without TLS.
    let certificate: ListenerCertificate?
    let loops: DataLoops
    let gauges: LoopGauges
    let instruments: RelayInstruments
    let sampler: RelaySampler
    /// nil where it is off.
    let tracing: Tracing?
    let registry: MetricRegistry
    let exposition: MetricExposition
    let statsd: StatsdExporter?
    let flights: FlightRecorder?
    let choice: StoreChoice
    let workers: NIOThreadPool
    let checks: HealthChecks
    let memory: MemoryWatch
    let tokens: AccessTokens
    let connectionLog: ConnectionLog
    let clock: @Sendable () -> MonotonicNanoseconds
    let authenticator: Authenticator
    let admin: AdminServer
    let startedAt: MonotonicNanoseconds
    let startedAtWallClock: Int64
    let drainState: DrainState
    let blocked: BlockList
    private let doors = Mutex(Doors())

    struct Doors: Sendable {
        var listeners: [StatusDocument.Listener] = []
        var agents: (any Channel)?
        var listener: AgentListener?
        var agentPort: Int?
        var reload: Reload?
    }

    init(
        configuration: Configuration,
        configurationState: ConfigurationState,
        logger: Logger,
        log: LogBackend,
        identity: RelayIdentity,
        certificate: ListenerCertificate?,
        loops: DataLoops,
        gauges: LoopGauges,
        instruments: RelayInstruments,
        sampler: RelaySampler,
        tracing: Tracing?,
        registry: MetricRegistry,
        exposition: MetricExposition,
        statsd: StatsdExporter?,
        flights: FlightRecorder?,
        choice: StoreChoice,
        workers: NIOThreadPool,
        checks: HealthChecks,
        memory: MemoryWatch,
        tokens: AccessTokens,
        blocked: BlockList,
        clock: @escaping @Sendable () -> MonotonicNanoseconds
    ) {
        self.configuration = configuration
        self.configurationState = configurationState
        self.logger = logger
        self.log = log
        logLevel = LogLevelControl(log, logger, on: loops.group.any())
        self.identity = identity
        self.certificate = certificate
        self.loops = loops
        self.gauges = gauges
        self.instruments = instruments
        self.sampler = sampler
        self.tracing = tracing
        self.registry = registry
        self.exposition = exposition
        self.statsd = statsd
        self.flights = flights
        self.choice = choice
        self.workers = workers
        self.checks = checks
        self.memory = memory
        self.tokens = tokens
        connectionLog = ConnectionLog(logger, relayID: identity.relayID)
        self.clock = clock
        let (http, log) = (instruments.http, connectionLog)
        admin = AdminServer(
            proxies: configuration.proxyTrust,
            told: { http.turnedAway(for: $0.rawValue) },
            proxyRefused: { log.write(.proxyRefused(ProxyHeaderResult($0)), $1?.ipAddress ?? "") }
        )
        authenticator = Authenticator(policy: configuration.authPolicy(certificateNames: certificate?.names ?? []))
        drainState = DrainState(clock: clock)
        self.blocked = blocked
        startedAt = clock()
        startedAtWallClock = WallClock.unixMilliseconds()
    }

    var listeners: [StatusDocument.Listener] { doors.withLock { $0.listeners } }

    /// Probes and metrics first, so that they answer whatever happens next; agents last.
    func openDoors() async throws {
        let listen = configuration.server.listen
        let health = healthRoutes
        let requests = tracing?.requests
        if configuration.metrics.enabled {
            let routes = configuration.metrics.prometheus ? health.merging(metrics) { $1 } : health
            let router = AdminRouter(routes, tracing: requests)
            try await open("metrics", listen.metrics, router)
        }
        let challenges = certificate?.automatic?.routes ?? [:]
        let pages = health.merging(pageRoutes) { $1 }.merging(challenges) { $1 }.merging(ordersByToken) { $1 }
        try await open("http", listen.http, AdminRouter(pages, tracing: requests))
        try await openSocket(AdminRouter(health.merging(adminRoutes) { $1 }, tracing: requests))
        admin.repeatEverySecond { [sampler, clock] in sampler.sample(at: clock()) }
        try await openToAgents(listen.websocket)
        checks.registry.release("listeners", at: clock())
    }

    private func openSocket(_ router: AdminRouter) async throws {
        let (path, name) = (configuration.admin.socket, configuration.admin.socketGroup)
        let group = try name.map { try SocketGroup($0, of: "admin.socket_group") }
        try await admin.listen(unixSocket: path, group: group, router: router)
        note("admin", path)
    }

    private var healthRoutes: [String: AdminRoute] {
        let paths = configuration.health
        return HealthRoutes(
            registry: checks.registry,
            access: DetailedAccess(token: tokens.health),
            service: HealthService(release: BuildIdentity.version, id: identity.relayID),
            now: clock
        ).routes(endpoint: paths.endpoint, detailedEndpoint: paths.detailedEndpoint)
    }

    private var metrics: [String: AdminRoute] {
        let exposition = exposition
        return ["/metrics": .metrics { exposition.scrape(accept: $0, acceptEncoding: $1) }]
    }

    private var adminRoutes: [String: AdminRoute] {
        [
            AdminRoute.statusPath: .status { self.status },
            AdminRoute.logLevelPath: .logLevel(
                { self.logLevel.document },
                set: { order throws(AdminRefusal) in try self.logLevel.carryOut(order) }
            ),
            AdminRoute.logsPath: .logs(log.tail),
            AdminRoute.overviewPath: .overview { self.overview(after: $0) },
            AdminRoute.tracedAgentsPath: TraceControl(
                forced: tracing?.messages.forced,
                logger: logger,
                clock: clock
            ).route,
        ].merging(flightRoutes) { $1 }.merging(metrics) { $1 }.merging(steeringRoutes) { $1 }
    }

    /// What the socket takes, where `admin.http` says so.
    private var ordersByToken: [String: AdminRoute] {
        guard let token = tokens.orders else { return [:] }
        let (http, log) = (instruments.http, connectionLog)
        let access = OrderAccess(token: token) { fault, request in
            http.turnedAway(for: fault.rawValue)
            log.orderRefused(fault, request)
        }
        return access.guarding(adminRoutes.filter { $0.key.hasPrefix("/v1/") })
    }

    private func open(_ name: String, _ address: HostPort, _ router: AdminRouter) async throws {
        let bound = try await admin.listen(host: address.host, port: address.port, router: router)
        note(name, HostPort(host: address.host, port: bound.port ?? address.port).description)
    }

    private func openToAgents(_ address: HostPort) async throws {
        let admission = Admission(
            identity: identity,
            authenticator: authenticator,
            store: choice.store,
            workers: workers,
            maxAnonymousPins: configuration.auth.maxPinnedKeys,
            connectionsPerAgentPerMinute: configuration.limits.connectionsPerAgentPerMinute,
            isBlocked: { [blocked] in blocked.entry(of: $0) != nil }
        )
        let listener = AgentListener(
            loops: loops,
            session: configuration.sessionConfiguration(identity),
            limits: configuration.transportLimits,
            admission: admission,
            trust: configuration.proxyTrust,
            journal: connectionLog.journal,
            tls: certificate?.tls
        )
        do {
            let channel = try await listener.bind(host: address.host, port: address.port).get()
            doors.withLock { ($0.agents, $0.listener) = (channel, listener) }
            let port = channel.localAddress?.port ?? address.port
            doors.withLock { $0.agentPort = port }
            note("websocket", HostPort(host: address.host, port: port).description, tls: certificate != nil)
        } catch {
            throw ListenerError(address: address.description, error)
        }
    }

    /// One that opens again takes its own place.
    private func note(_ name: String, _ address: String, tls: Bool = false) {
        doors.withLock { doors in
            doors.listeners.removeAll { $0.name == name }
            doors.listeners.append(StatusDocument.Listener(name: name, address: address, tls: tls))
        }
    }

    /// nil until the relay has started.
    var reload: Reload? { doors.withLock { $0.reload } }

    func attach(_ reload: Reload) { doors.withLock { $0.reload = reload } }

    /// The port is the one that was bound before, where the configuration left it open.
    func reopenToAgents() async throws {
        var address = configuration.server.listen.websocket
        address.port = doors.withLock { $0.agentPort } ?? address.port
        try await openToAgents(address)
    }

    /// What a reload may change while agents are connected.
    func apply(_ limits: Configuration) {
        doors.withLock { $0.listener }?.update(
            limits.sessionConfiguration(identity),
            limits.transportLimits,
            connectionsPerAgentPerMinute: limits.limits.connectionsPerAgentPerMinute
        )
        let perAgent = limits.limits.maxConnectionsPerAgent
        for loop in loops.loops { loop.perform { $0.limit(connectionsPerAgent: perAgent) } }
        memory.limit(configured: limits.limits.maxMemoryBytes)
    }

    /// Until it is cancelled.
    func watchMemory() async throws {
        try await memory.run { level in
            doors.withLock { $0.listener }?.memory(is: level)
            for loop in loops.loops { loop.perform { $0.memory(is: level) } }
        }
    }

    func updateAuthenticator(_ configuration: Configuration) {
        authenticator.update(configuration.authPolicy(certificateNames: certificate?.names ?? []))
    }

    /// New connections are refused from here on.
    func closeToAgents() async {
        let channel = doors.withLock { doors in
            defer { doors.agents = nil }
            return doors.agents
        }
        try? await channel?.close().get()
    }

    /// Lets go of everything, the store last. What had to be finished is finished before.
    func stop() async {
        await closeToAgents()
        await choice.close()
        try? await loops.group.shutdownGracefully()
        await tracing?.stop(instruments)
        try? await workers.shutdownGracefully()
        try? await admin.close()
        statsd?.close()
    }
}
