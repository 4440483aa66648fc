import Identity
import Listening
import NIOCore
import NIOPosix
import RelayCore
import WireProtocol

@testable import RelayTransport

/// A relay of two loops on a port of loopback, its store in memory.
final class RelayUnderTest: Sendable {
    let port: Int
    let log = EventLog()
    let gauges: [RelayGauges]
    let listener: AgentListener
    let loops: DataLoops
    private let group: MultiThreadedEventLoopGroup
    private let workers = NIOThreadPool(numberOfThreads: 1)
    private let channel: any Channel

    static let unlimited = TransportLimits(
        maxConnectionsPerIP: 0,
        connectionsPerIPPerSecond: 0,
        connectionsPerSecond: 0
    )

    init(
        limits: TransportLimits = unlimited,
        session: SessionConfiguration = SessionConfiguration(relayID: "relay"),
        settings: RelaySettings = RelaySettings(),
        connectionsPerAgentPerMinute: Int = 0,
        maxAnonymousPins: Int = 100,
        trust: ProxyTrust = .none
    ) throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        loops = DataLoops(group: group)
        let store = MemoryStore(
            limits: QueueLimits(
                maxMessagesPerAgent: 10_000,
                maxTotalBytes: 1 << 30,
                maxSharePerSender: 1,
                deduplicationMaxIDs: 1_000
            )
        )
        gauges = try loops.start(settings: settings, store: store) { [log] _ in LoopEar(log: log) }.wait()
        workers.start()
        let admission = Admission(
            identity: RelayIdentity(relayID: session.relayID, key: nil),
            authenticator: Authenticator(policy: AuthPolicy()),
            store: store,
            workers: workers,
            maxAnonymousPins: maxAnonymousPins,
            connectionsPerAgentPerMinute: connectionsPerAgentPerMinute
        )
        listener = AgentListener(loops: loops, session: session, limits: limits, admission: admission, trust: trust)
        channel = try listener.bind(host: "127.0.0.1", port: 0).wait()
        port = channel.localAddress?.port ?? 0
    }

    deinit {
        try? group.syncShutdownGracefully()
        try? workers.syncShutdownGracefully()
    }

    var connections: Int { gauges.reduce(0) { $0 + $1.connections } }
    var outboxBytes: Int { gauges.reduce(0) { $0 + $1.outboxBytes } }

    func closeListener() throws { try channel.close().wait() }

    /// Every loop has heard what another had decided by now.
    func settle() throws {
        for _ in 0..<2 { try onEveryLoop { _ in } }
    }

    /// Runs on each loop, one after the other.
    func onEveryLoop(_ work: @escaping @Sendable (Relay) -> Void) throws {
        for loop in loops.loops {
            try loop.eventLoop.submit { if let relay = loop.relay { work(relay) } }.wait()
        }
    }
}
