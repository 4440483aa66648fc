import NIOCore
import NIOHTTP1

/// The channel handler of one HTTP connection: carries out what its state machine says.
final class AdminConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let router: AdminRouter
    private let open: OpenConnections
    private let told: (HTTPFault) -> Void
    private var state: ConnectionStateMachine
    private var timer: Scheduled<Void>?
    private var armedFor = NIODeadline.distantFuture
    private var context: ChannelHandlerContext?
    /// A proxy brought it, for `client` where it said for whom.
    private var isProxied = false
    private var client: SocketAddress?
    private var stream: StreamWriter?

    /// - Parameter told: of what the client is refused or cut off for.
    init(
        router: AdminRouter,
        limits: AdminLimits,
        open: OpenConnections,
        at now: NIODeadline,
        told: @escaping (HTTPFault) -> Void
    ) {
        self.router = router
        self.open = open
        self.told = told
        state = ConnectionStateMachine(limits: limits, at: now, bodyLimit: router.maxBodyBytes)
    }

    var owesNothing: Bool { state.owesNothing }

    /// By when its request, its answer or its next request is due.
    var deadline: NIODeadline { state.deadline }

    /// - Parameter client: nil where the proxy speaks for itself, or does not know.
    func isSpoken(for client: SocketAddress?) {
        isProxied = true
        self.client = client
    }

    /// It makes room for another.
    func crowdedOut() {
        guard let context else { return }
        told(.crowded)
        context.close(promise: nil)
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        open.add(self)
        armTimer(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        open.remove(self)
        endStream()
        self.context = nil
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let read as ReadTap.BytesRead:
            state.receivedBytes(endsInBlankLine: read.endsInBlankLine, at: context.eventLoop.now)
            armTimer(context)
        case is MoreToStream: goOn(context)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        carryOut(state.received(Self.unwrapInboundIn(data), at: context.eventLoop.now), context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { goOn(context) }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError || error is ByteToMessageDecoderError else {
            return context.close(promise: nil)
        }
        carryOut(state.failedToParse(error, at: context.eventLoop.now), context)
    }

    private func carryOut(_ action: ConnectionStateMachine.Action, _ context: ChannelHandlerContext) {
        if let fault = state.takeFault() { told(fault) }
        armTimer(context)
        switch action {
        case .none: break
        case .respond(let request): respond(to: request, context)
        case .reject(let status, let reason): reject(.text(status, reason), context)
        case .close: context.close(promise: nil)
        }
    }

    private func respond(to request: ConnectionStateMachine.Request, _ context: ChannelHandlerContext) {
        var question = AdminRequest(request.head, body: request.body, peer: client ?? context.channel.remoteAddress)
        question.isProxied = isProxied
        setAutoRead(false, context)
        router.respond(to: question, on: context.eventLoop).assumeIsolated().whenSuccess { answer in
            guard context.channel.isActive else {
                answer.stream?.end()
                return
            }
            guard let stream = answer.stream else { return self.send(answer, to: request, context) }
            self.send(answer, stream, to: request, context)
        }
    }

    private func send(
        _ answer: AdminResponse,
        to request: ConnectionStateMachine.Request,
        _ context: ChannelHandlerContext
    ) {
        let written = write(answer, keepAlive: request.head.isKeepAlive, isHead: request.head.method == .HEAD, context)
        // Where the write failed the connection is gone, and what was asked on it in advance is nobody's question.
        written.assumeIsolated().whenSuccess {
            self.setAutoRead(true, context)
            self.carryOut(self.state.answered(at: context.eventLoop.now), context)
        }
    }

    /// The client's going away must be seen, so that reading goes on; what it asks meanwhile waits, bounded.
    private func send(
        _ answer: AdminResponse,
        _ stream: AdminStream,
        to request: ConnectionStateMachine.Request,
        _ context: ChannelHandlerContext
    ) {
        guard request.head.method != .HEAD else {
            stream.end()
            return send(answer, to: request, context)
        }
        let head = head(answer, version: request.head.version, [("connection", "close")])
        context.writeAndFlush(Self.wrapOutboundOut(.head(head)), promise: nil)
        self.stream = StreamWriter(stream, context)
        setAutoRead(true, context)
        goOn(context)
    }

    private func goOn(_ context: ChannelHandlerContext) {
        guard let stream, context.channel.isActive else { return }
        state.streamed(isBehind: stream.write(), at: context.eventLoop.now)
    }

    private func endStream() {
        stream?.end()
        stream = nil
    }

    /// Closes one direction only: closing both with unread bytes would reset the connection under the answer.
    private func reject(_ answer: AdminResponse, _ context: ChannelHandlerContext) {
        write(answer, keepAlive: false, isHead: false, context).assumeIsolated().whenComplete { _ in
            context.close(mode: .output, promise: nil)
        }
    }

    private func write(
        _ answer: AdminResponse,
        keepAlive: Bool,
        isHead: Bool,
        _ context: ChannelHandlerContext
    ) -> EventLoopFuture<Void> {
        let length = ("content-length", "\(answer.body.count)")
        let head = head(answer, [length, ("connection", keepAlive ? "keep-alive" : "close")])
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        if !isHead {
            let body = context.channel.allocator.buffer(bytes: answer.body)
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        return context.writeAndFlush(Self.wrapOutboundOut(.end(nil)))
    }

    private func head(
        _ answer: AdminResponse,
        version: HTTPVersion = .http1_1,
        _ more: [(String, String)]
    ) -> HTTPResponseHead {
        var headers = answer.headers
        headers.add(name: "server", value: "moltrelay")
        headers.add(name: "content-type", value: answer.contentType)
        headers.add(contentsOf: more)
        return HTTPResponseHead(version: version, status: answer.status, headers: headers)
    }

    /// Off while an answer is under way: who does not read answers may not ask on.
    private func setAutoRead(_ isOn: Bool, _ context: ChannelHandlerContext) {
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }

    /// One timer a connection, armed for the earliest deadline since it last fired; one that moved away is looked at
    /// again then.
    private func armTimer(_ context: ChannelHandlerContext) {
        guard context.channel.isActive, state.deadline < armedFor else { return }
        timer?.cancel()
        armedFor = state.deadline
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: state.deadline) {
            self.armedFor = .distantFuture
            let now = context.eventLoop.now
            if now >= self.state.deadline { self.carryOut(self.state.timedOut(at: now), context) }
            self.armTimer(context)
        }
    }
}
