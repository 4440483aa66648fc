public import NIOCore

/// Commands to one Redis server, or to the node of a cluster that has a slot, pipelined on one connection that is made
/// again when it ends. While it is away every command fails at once; nothing that may have been done is sent twice.
public final class RedisClient: Sendable {
    public typealias Answer = Result<RedisReply, RedisFailure>

    /// What its owner has to do with each new connection. All of it is called on the event loop.
    public struct Session: Sendable {
        /// Sent before anything else.
        public var prepare: [RedisCommand] = []
        /// Looks at the answers to these; a failure ends the connection.
        public var prepared: @Sendable ([Answer]) -> RedisFailure? = { answers in
            for case .failure(let failure) in answers { return failure }
            return nil
        }
        /// Asked of an idle connection; an error that ends connections ends this one.
        public var heartbeat = RedisCommand("PING")
        /// The address that is tried now.
        public var tried: @Sendable (RedisSettings.Address) -> Void = { _ in }
        /// nil when there is a connection, why where there is none any more or still.
        public var changed: @Sendable (RedisFailure?) -> Void = { _ in }

        public init() {}
    }

    public struct Load: Sendable, Equatable {
        /// Of commands not answered.
        public var bytes = 0
        /// Commands turned away for too many of those.
        public var refused = 0
    }

    private let loop: any EventLoop
    private let link: NIOLoopBound<any CommandLink>
    private let inFlight: BytesInFlight

    /// - Parameter loop: not one that carries messages.
    public static func start(
        _ settings: RedisSettings,
        _ session: Session = Session(),
        on loop: any EventLoop
    ) async throws -> (client: RedisClient, first: Result<Void, RedisFailure>) {
        let inFlight = BytesInFlight(most: settings.maxBytesInFlight)
        let client = try await loop.submit {
            RedisClient(Link(settings, session, on: loop), inFlight, on: loop)
        }.get()
        return (client, await client.start())
    }

    /// On that loop.
    init(_ link: any CommandLink, _ inFlight: BytesInFlight, on loop: any EventLoop) {
        self.loop = loop
        self.link = NIOLoopBound(link, eventLoop: loop)
        self.inFlight = inFlight
    }

    func start() async -> Result<Void, RedisFailure> {
        await withCheckedContinuation { continuation in
            loop.execute { self.link.value.start { continuation.resume(returning: $0) } }
        }
    }

    public var load: Load { inFlight.load }

    /// Commands of one caller are sent in the order in which they came.
    /// - Parameters:
    ///   - bytes: of the command, roughly.
    ///   - command: called on the event loop.
    ///   - completion: called once, on the event loop unless nothing was sent.
    public func send(
        bytes: Int,
        _ command: @escaping @Sendable () -> RedisCommand,
        _ completion: @escaping @Sendable (Answer) -> Void
    ) {
        if let failure = inFlight.admit(bytes) { return completion(.failure(failure)) }
        loop.execute {
            self.link.value.send(command()) { answer in
                self.inFlight.release(bytes)
                completion(answer)
            }
        }
    }

    public func send(_ command: RedisCommand) async -> Answer {
        await withCheckedContinuation { continuation in
            send(bytes: 256, { command }, { continuation.resume(returning: $0) })
        }
    }

    /// Waits for the answers that are owed, then lets go of the connection.
    public func close(_ completion: @escaping @Sendable () -> Void) {
        inFlight.close()
        loop.execute { self.link.value.close(completion) }
    }
}
