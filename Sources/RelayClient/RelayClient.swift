import Identity
public import NIOCore
public import NIOPosix
import Synchronization
public import WireProtocol

/// An agent's connection to its relay, made again for as long as `run` runs.
///
///     let relay = try RelayAddress("ws://127.0.0.1:8443")
///     let client = RelayClient(configuration: .init(relay: relay, agentID: "bob", key: key))
///     async let running: Void = client.run()
///     for await message in client.messages {
///         print(message.envelope.count)
///         message.acknowledge()
///     }
///     try await running
///
/// `run` is all that swift-service-lifecycle asks of a `Service`.
public final class RelayClient: Sendable {
    public let agent: AgentHash
    private let eventLoop: any EventLoop
    private let link: NIOLoopBoundBox<Link>
    private let inbox: Inbox

    /// - Parameter eventLoopGroup: one of its loops does all the work of this client.
    public init(
        configuration: Configuration,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) {
        let agent = AgentHash(agentID: configuration.agentID)
        let eventLoop = eventLoopGroup.next()
        let wiring = Wiring(eventLoop: eventLoop)
        let inbox = Inbox(maxBytes: configuration.maxInboxBytes) {
            wiring.perform { $0.connection?.resumeReading() }
        }
        link = NIOLoopBoundBox.makeBoxSendingValue(
            Link(
                configuration: configuration,
                agent: agent,
                eventLoop: eventLoop,
                inbox: inbox,
                acknowledgements: Acknowledgements { wiring.perform { $0.requestTick() } }
            ),
            eventLoop: eventLoop
        )
        self.agent = agent
        self.eventLoop = eventLoop
        self.inbox = inbox
        wiring.connect(link)
    }

    /// Connects, and connects again when the connection ends, until `close` or the task's cancellation.
    /// - Throws: `ConnectionFailure` where trying again cannot help.
    public func run() async throws {
        try await withTaskCancellationHandler {
            try await eventLoop.flatSubmit { self.link.value.start() }.get()
        } onCancel: {
            eventLoop.execute { self.link.value.close() }
        }
    }

    /// Ends `run` and `messages`. What is acknowledged by then still reaches the relay; sends that are not settled
    /// throw.
    public func close() { eventLoop.execute { self.link.value.close() } }

    /// Messages that come while nobody asks for them are kept up to `maxInboxBytes`.
    public var messages: IncomingMessages { IncomingMessages(inbox: inbox) }

    /// Waits for a connection where there is none, and for the acknowledgement where the mode has one. After a
    /// reconnect it is sent again, with the same id, for as long as its timeout lasts.
    /// - Parameter envelope: what the recipient gets; the relay does not look into it.
    public func send(
        _ envelope: [UInt8],
        to recipient: AgentHash,
        options: SendOptions = SendOptions()
    ) async throws(SendError) -> Receipt {
        let (eventLoop, link, agent) = (eventLoop, link, agent)
        let isCancelled = CancellationFlag()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                eventLoop.execute {
                    guard !isCancelled.value.load(ordering: .relaxed) else {
                        return continuation.resume(returning: Result<Receipt, SendError>.failure(.cancelled))
                    }
                    let link = link.value
                    let message = OutgoingMessage(
                        envelope,
                        from: agent,
                        to: recipient,
                        options,
                        wallClock: link.wallClock
                    )
                    link.send(message, timeout: options.timeout, continuation)
                }
            }
        } onCancel: {
            isCancelled.value.store(true, ordering: .relaxed)
            eventLoop.execute { link.value.cancel(options.id) }
        }
        return try result.get()
    }

    /// - Parameter agentID: hashed as it is, without normalisation.
    public func send(
        _ envelope: [UInt8],
        to agentID: String,
        options: SendOptions = SendOptions()
    ) async throws(SendError) -> Receipt {
        try await send(envelope, to: AgentHash(agentID: agentID), options: options)
    }
}

/// A task may be cancelled before the loop has heard of its message.
private final class CancellationFlag: Sendable {
    let value = Atomic(false)
}

/// Takes calls of any thread to the link, which is made after those who call.
private final class Wiring: Sendable {
    private let eventLoop: any EventLoop
    // Weak: the link holds, through inbox and acknowledgements, what holds this.
    private struct Target: Sendable { weak var box: NIOLoopBoundBox<Link>? }
    private let target = Mutex(Target())

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func connect(_ link: NIOLoopBoundBox<Link>) { target.withLock { $0.box = link } }

    func perform(_ work: @escaping @Sendable (Link) -> Void) {
        guard let link = target.withLock({ $0.box }) else { return }
        eventLoop.execute { work(link.value) }
    }
}

extension RelayClient {
    /// What this client has seen since it was made.
    public struct Statistics: Equatable, Sendable {
        /// Sessions that reached AUTH_OK.
        public internal(set) var connections: UInt64 = 0
        /// Messages that came again and were not given out again.
        public internal(set) var repeats: UInt64 = 0
        /// Messages whose compressed envelope was not what their sender said: acknowledged, and not given out.
        public internal(set) var unreadable: UInt64 = 0
        /// Sends refused as `queueFull`.
        public internal(set) var sendQueueOverflows: UInt64 = 0
        /// Times the inbox was full and reading stopped.
        public internal(set) var inboxPauses: UInt64 = 0
        /// Ids in ACKs that no send waited for.
        public internal(set) var unexpectedAcknowledgements: UInt64 = 0
        public internal(set) var sendQueueBytes = 0
        /// Messages that this connection carried and nobody acknowledged yet.
        public internal(set) var unacknowledged = 0
        public internal(set) var inboxBytes = 0
    }

    public var statistics: Statistics {
        get async throws {
            try await eventLoop.submit { self.link.value.statistics }.get()
        }
    }
}

extension Link {
    var statistics: RelayClient.Statistics {
        var statistics = counts
        statistics.sendQueueOverflows = sends.overflows
        statistics.sendQueueBytes = sends.bytes
        statistics.unacknowledged = sends.unacknowledged
        statistics.inboxPauses = inbox.pauses
        statistics.inboxBytes = inbox.bytes
        return statistics
    }
}
