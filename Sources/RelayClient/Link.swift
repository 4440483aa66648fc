import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import RelayTLS
import WireProtocol

/// What an agent has with its relay over all connections: sends, messages, the connection of the moment. Lives on one
/// event loop.
final class Link {
    enum Phase {
        case idle
        case running
        case closing
        case ended(SendError)
    }

    let configuration: RelayClient.Configuration
    let agent: AgentHash
    let eventLoop: any EventLoop
    let inbox: Inbox
    let acknowledgements: Acknowledgements
    var phase = Phase.idle
    var sends: SendQueue
    var window: RepeatWindow
    var waiting: [MessageID: CheckedContinuation<Result<Receipt, SendError>, Never>] = [:]
    /// Whose channel may not be open yet.
    var connection: ConnectionHandler?
    /// nil before AUTH_OK.
    var terms: SessionTerms?
    var reconnection: Reconnection
    var counts = RelayClient.Statistics()
    /// Made once: the system's authorities take their time to read.
    private lazy var tls = Result { () throws(TLSFailure) in try TLSClient(authorities: configuration.authorities) }
    private var redial: Scheduled<Void>?
    private var sendTimer: Scheduled<Void>?
    private var sendTimerAt = UInt64.max
    private var isTickRequested = false
    private var finished: EventLoopPromise<Void>?

    init(
        configuration: RelayClient.Configuration,
        agent: AgentHash,
        eventLoop: any EventLoop,
        inbox: Inbox,
        acknowledgements: Acknowledgements
    ) {
        self.configuration = configuration
        self.agent = agent
        self.eventLoop = eventLoop
        self.inbox = inbox
        self.acknowledgements = acknowledgements
        sends = SendQueue(maxBytes: configuration.maxSendQueueBytes)
        window = RepeatWindow(capacity: configuration.repeatWindow)
        reconnection = Reconnection(configuration)
    }

    var now: UInt64 { NIODeadline.now().uptimeNanoseconds }

    var wallClock: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
    }

    func changed(to state: RelayClient.State) { configuration.onChange?(state) }
}

extension Link {
    /// - Returns: fulfilled when the client has ended.
    func start() -> EventLoopFuture<Void> {
        if let finished { return finished.futureResult }
        let promise = eventLoop.makePromise(of: Void.self)
        finished = promise
        if case .idle = phase {
            phase = .running
            dial(configuration.relay)
        } else {
            promise.succeed()
        }
        return promise.futureResult
    }

    private func dial(_ address: RelayAddress) {
        changed(to: .connecting(address))
        let handler: ConnectionHandler
        let request: UpgradeRequest
        var tls: TLSClient?
        do {
            if address.isTLS { tls = try self.tls.get() }

            handler = try ConnectionHandler(link: self, authority: address.authority)
            request = try UpgradeRequest(address: address)
        } catch let failure as TLSFailure {
            return finish(.tls(failure.reason))
        } catch {
            return finish(.signing("\(error)"))
        }
        connection = handler
        let client = tls
        let bound = NIOLoopBound(handler, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(handler.timeLeft)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let client {
                        try pipeline.addHandler(client.handler(to: address.host, within: bound.value.timeLeft))
                    }
                    try pipeline.addHandler(HTTPRequestEncoder())
                    try pipeline.addHandler(
                        ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes))
                    )
                    try pipeline.addHandler(UpgradeHandler(request: request, connection: bound.value))
                }
            }
            .connect(host: address.host, port: address.port)
            .assumeIsolated()
            .whenFailure { error in
                self.lost(.unreachable(ConnectFailureText.of(error, to: address)), by: handler)
            }
    }

    func opened(_ handler: ConnectionHandler, _ terms: SessionTerms) {
        guard handler === connection else { return }
        self.terms = terms
        counts.connections += 1
        reconnection.opened(at: now)
        changed(to: .open(terms))
        requestTick()
    }

    /// A connection ended, or did not come about. Each tells it once; a second word changes nothing.
    func lost(_ failure: ConnectionFailure, by handler: ConnectionHandler) {
        guard handler === connection else { return }
        connection = nil
        terms = nil
        sends.connectionLost()
        guard case .running = phase else { return }
        switch reconnection.lost(failure, at: now, random: .random(in: .min ... .max)) {
        case .giveUp: finish(failure)
        case .retry(let delay, let address):
            changed(to: .waiting(milliseconds: delay / 1_000_000, after: failure))
            let amount = TimeAmount.nanoseconds(Int64(clamping: delay))
            redial = eventLoop.assumeIsolated().scheduleTask(in: amount) { self.dial(address) }
        }
    }

    /// Says goodbye to the relay, once what is acknowledged so far is on its way.
    func close() {
        switch phase {
        case .closing, .ended: return
        case .idle, .running: break
        }
        endOfTick()
        phase = .closing
        redial?.cancel()
        guard let connection, let channel = connection.context?.channel else { return finish(nil) }
        channel.closeFuture.assumeIsolated().whenComplete { _ in self.finish(nil) }
        connection.end(.closed(code: 1000))
    }

    private func finish(_ failure: ConnectionFailure?) {
        let error = failure.map { SendError.ended($0) } ?? .closed
        phase = .ended(error)
        connection = nil
        terms = nil
        sendTimer?.cancel()
        for settled in sends.ended(error) { settle(settled) }
        inbox.end()
        changed(to: .ended(failure))
        if let failure { finished?.fail(failure) } else { finished?.succeed() }
    }
}

extension Link {
    /// Everything that one turn of the loop brought is written at once.
    func requestTick() {
        guard !isTickRequested else { return }
        isTickRequested = true
        eventLoop.assumeIsolated().execute {
            self.isTickRequested = false
            self.endOfTick()
        }
    }

    func endOfTick() {
        acknowledge()
        write()
        connection?.flush()
        leaveIfDone()
        scheduleSendTimer()
    }

    private func scheduleSendTimer() {
        guard let next = sends.nextDeadline, next < sendTimerAt else { return }
        sendTimer?.cancel()
        sendTimerAt = next
        sendTimer = eventLoop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(next)) {
            self.sendTimerAt = .max
            for settled in self.sends.timePassed(at: self.now) { self.settle(settled) }
            self.endOfTick()
        }
    }
}
