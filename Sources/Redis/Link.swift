import Glibc
import NIOCore
import NIOPosix
import RelayTLS

/// One connection at a time to one of the addresses, made again whenever it ends. On its loop alone.
final class Link: CommandLink {
    private enum Phase {
        case away(RedisFailure)
        case ready(CommandHandler)
        case closed
    }

    private let settings: RedisSettings
    private let loop: any EventLoop
    private let session: RedisClient.Session
    /// Tried in turn; never empty.
    var addresses: [RedisSettings.Address] { didSet { reconnection.addresses = addresses.count } }
    private var phase = Phase.away(.temporary("not connected yet"))
    private var reconnection: Reconnection
    /// An attempt that is over says nothing any more.
    private var attempt = 0
    private var underWay: CommandHandler?
    private var retry: Scheduled<Void>?
    private var firstRound: ((Result<Void, RedisFailure>) -> Void)?
    private var whenClosed: [() -> Void] = []

    init(_ settings: RedisSettings, _ session: RedisClient.Session, on loop: any EventLoop) {
        self.settings = settings
        self.session = session
        self.loop = loop
        addresses = settings.addresses
        reconnection = Reconnection(addresses: settings.addresses.count)
    }

    func start(_ tried: @escaping (Result<Void, RedisFailure>) -> Void) {
        firstRound = tried
        connect()
    }

    func send(_ command: RedisCommand, _ completion: @escaping CommandHandler.Completion) {
        switch phase {
        case .away(let failure): completion(.failure(failure))
        case .ready(let handler): handler.send(command, completion)
        case .closed: completion(.failure(.closed))
        }
    }

    /// The one that is tried, or used.
    var address: RedisSettings.Address { addresses[reconnection.address] }

    /// Leaves this server for the next.
    func turn() {
        guard case .ready(let handler) = phase else { return }
        handler.end(.temporary("left for another node"))
    }

    func close(_ completion: @escaping () -> Void) {
        whenClosed.append(completion)
        retry?.cancel()
        switch phase {
        case .ready(let handler): handler.finish()
        case .away:
            if let underWay { underWay.end(.closed) } else { closed() }
        case .closed: closed()
        }
    }

    private func connect() {
        attempt += 1
        let (number, address) = (attempt, address)
        session.tried(address)
        let (loop, settings, heartbeat) = (loop, settings, session.heartbeat)
        let this = NIOLoopBound(self, eventLoop: loop)
        let secured = loop.makePromise(of: Void.self)
        ClientBootstrap(group: loop)
            .connectTimeout(settings.connectTimeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addSecurity(settings, to: address.host, secured)
                    let handler = try CommandHandler(settings, heartbeat: heartbeat) { reason in
                        this.value.lost(number, reason)
                    }
                    try pipeline.addHandler(handler)
                }
            }
            .connect(host: address.host, port: address.port)
            .flatMap { channel in secured.futureResult.map { channel } }
            .whenComplete { result in
                do {
                    let channel = try result.get()
                    this.value.connected(number, try channel.pipeline.syncOperations.handler(type: CommandHandler.self))
                } catch {
                    secured.fail(error)
                    this.value.lost(number, .temporary("\(address): \(reason(of: error))"))
                }
            }
    }

    private func connected(_ number: Int, _ handler: CommandHandler) {
        guard number == attempt else { return handler.end(.closed) }
        underWay = handler
        Greeting(settings, session).run(on: handler) { failure in
            guard number == self.attempt else { return }
            guard let failure else { return self.ready(handler) }
            handler.end(failure)
        }
    }

    private func ready(_ handler: CommandHandler) {
        underWay = nil
        reconnection.succeeded()
        phase = .ready(handler)
        session.changed(nil)
        tried(.success(()))
        if !whenClosed.isEmpty { handler.finish() }
    }

    private func lost(_ number: Int, _ reason: RedisFailure) {
        guard number == attempt else { return }
        attempt += 1
        underWay = nil
        guard whenClosed.isEmpty else { return closed() }
        phase = .away(reason)
        session.changed(reason)
        let delay = reconnection.failed(chance: .random(in: 0..<1))
        if reason.isFinal || delay > .zero { tried(.failure(reason)) }
        retry = loop.assumeIsolated().scheduleTask(in: delay) { self.connect() }
    }

    private func tried(_ result: Result<Void, RedisFailure>) {
        firstRound?(result)
        firstRound = nil
    }

    private func closed() {
        phase = .closed
        attempt += 1
        tried(.failure(.closed))
        for completion in whenClosed { completion() }
        whenClosed = []
    }
}

extension ChannelPipeline.SynchronousOperations {
    fileprivate func addSecurity(
        _ settings: RedisSettings,
        to host: String,
        _ secured: EventLoopPromise<Void>
    ) throws {
        guard let tls = settings.tls else { return secured.succeed() }
        let handler = try tls.handler(to: host, within: settings.connectTimeout) { result in
            secured.completeWith(result.map { _ in }.mapError { $0 })
        }
        try addHandler(handler)
    }
}

/// Of several addresses that a name stands for, the last one's reason.
private func reason(of error: any Error) -> String {
    let last = (error as? NIOConnectionError)?.connectionErrors.last?.error ?? error
    return (last as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(last)"
}
