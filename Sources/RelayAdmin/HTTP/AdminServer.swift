public import Listening
public import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// HTTP for probes, scrapers and the command line, on one event loop of its own that carries no messages.
public final class AdminServer: Sendable {
    private static let backlog: Int32 = 128

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let socketFiles = Mutex<[UnixSocketFile]>([])

    private let told: @Sendable (HTTPFault) -> Void
    private let proxies: ProxyTrust
    private let proxyRefused: @Sendable (ProxyRefusal, SocketAddress?) -> Void

    /// - Parameters:
    ///   - proxies: whose sockets may begin with a PROXY header. Their own probes bring none.
    ///   - told: on the server's own loop.
    ///   - proxyRefused: likewise, beside the fault, of whose header was refused.
    public init(
        proxies: ProxyTrust = .none,
        told: @escaping @Sendable (HTTPFault) -> Void = { _ in },
        proxyRefused: @escaping @Sendable (ProxyRefusal, SocketAddress?) -> Void = { _, _ in }
    ) {
        self.proxies = proxies
        self.told = told
        self.proxyRefused = proxyRefused
    }

    /// Reads only: what changes the relay is for the Unix socket, which has an owner, and for routes that take a token.
    /// - Returns: the address bound, with its real port where `port` is 0.
    public func listen(
        host: String,
        port: Int,
        router: AdminRouter,
        limits: AdminLimits = AdminLimits()
    ) async throws(ListenerError) -> SocketAddress {
        do {
            let bootstrap = try await bootstrap(router.forAnybody, limits) { channel in
                try self.takeHeader(on: channel, within: limits.requestTimeout)
            }
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            let channel = try await bootstrap.bind(host: host, port: port).get()
            guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
            return address
        } catch {
            throw ListenerError(address: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)", error)
        }
    }

    /// For this user only, and for members of `group` where there is one. The file is removed by `close`.
    public func listen(
        unixSocket path: String,
        group: SocketGroup? = nil,
        router: AdminRouter,
        limits: AdminLimits = AdminLimits()
    ) async throws(ListenerError) {
        let (descriptor, file) = try UnixSocketFile.listen(path: path, group: group, backlog: Self.backlog)
        socketFiles.withLock { $0.append(file) }
        do {
            _ = try await bootstrap(router, limits).withBoundSocket(descriptor).get()
        } catch {
            throw ListenerError(address: path, error)
        }
    }

    /// On the event loop that carries no messages, until `close`. Must not wait.
    public func repeatEverySecond(_ body: @escaping @Sendable () -> Void) {
        group.next().scheduleRepeatedTask(initialDelay: .zero, delay: .seconds(1)) { _ in body() }
    }

    /// Closes the listeners and every connection, and ends the event loop.
    public func close() async throws {
        for file in socketFiles.withLock({ $0 }) { file.remove() }
        try await group.shutdownGracefully()
    }

    private struct Gone: Error {}

    /// To be called first, so that its time ends before a request's.
    private func takeHeader(on channel: any Channel, within patience: TimeAmount) throws {
        let peer = channel.remoteAddress
        // Reset before it was looked at, as haproxy ends its checks: nobody knows whose word its bytes are.
        if peer == nil, proxies.expectsHeaders { throw Gone() }
        let mayBringOne = proxies.header(from: peer) == .proxyProtocol
        let (told, proxyRefused) = (told, proxyRefused)
        let handler = ProxyHeaderHandler(
            expecting: mayBringOne ? .headerOrNone : .noHeader,
            patience: patience
        ) { outcome in
            switch outcome {
            case .client(let client):
                try channel.pipeline.syncOperations.handler(type: AdminConnection.self).isSpoken(for: client)
            case .refused(let refusal):
                told(.proxyHeader)
                proxyRefused(refusal, peer)
            }
        }
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    private func bootstrap(
        _ router: AdminRouter,
        _ limits: AdminLimits,
        opened: @escaping @Sendable (any Channel) throws -> Void = { _ in }
    ) async throws -> ServerBootstrap {
        let loop = group.next()
        let open = try await loop.submit {
            NIOLoopBound(OpenConnections(limit: limits.maxConnections), eventLoop: loop)
        }.get()
        let told = told
        return ServerBootstrap(group: loop)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause())
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try opened(channel)
                    try Self.addHandlers(to: channel, router: router, limits: limits, open: open.value, told: told)
                }
            }
    }

    static func addHandlers(
        to channel: any Channel,
        router: AdminRouter,
        limits: AdminLimits,
        open: OpenConnections,
        told: @escaping (HTTPFault) -> Void
    ) throws {
        var parserLimits = NIOHTTPDecoderLimitConfiguration()
        parserLimits.maxHeaderFieldSize = limits.maxHeaderBytes
        parserLimits.maxHeaderListSize = limits.maxHeaderBytes
        let parser = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: parserLimits)
        let now = channel.eventLoop.now
        let connection = AdminConnection(router: router, limits: limits, open: open, at: now, told: told)
        try channel.pipeline.syncOperations.addHandlers([
            HTTPResponseEncoder(), ReadTap(), ByteToMessageHandler(parser), connection,
        ])
    }
}
