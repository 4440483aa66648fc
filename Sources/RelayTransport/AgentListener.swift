import Identity
public import NIOCore
import NIOHTTP1
import NIOPosix
import RelayCore
public import WireProtocol

/// Takes agents' connections and gives each to a data loop.
public struct AgentListener: Sendable {
    private let loops: DataLoops
    private let session: SessionConfiguration
    private let limits: TransportLimits
    private let admission: Admission

    public init(
        loops: DataLoops,
        session: SessionConfiguration,
        limits: TransportLimits,
        admission: Admission
    ) {
        self.loops = loops
        self.session = session
        self.limits = limits
        self.admission = admission
    }

    /// - Returns: the listening channel; its local address has the real port where 0 was asked for.
    public func bind(host: String, port: Int) -> EventLoopFuture<any Channel> {
        let (loops, session, limits, admission) = (loops, session, limits, admission)
        return ServerBootstrap(group: loops.group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 1_024, initial: 2_048, maximum: 262_144)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let loop = loops.loop(of: channel.eventLoop) else { throw ChannelError.eof }
                    let services = ConnectionServices(
                        loop: loop,
                        session: session,
                        limits: limits,
                        admission: admission
                    )
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(HeaderLimitHandler())
                    try pipeline.addHandler(HTTPResponseEncoder())
                    try pipeline.addHandler(
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
                    )
                    try pipeline.addHandler(UpgradeHandler(services: services))
                }
            }
            .bind(host: host, port: port)
    }
}
