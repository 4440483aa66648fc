import Identity
import NIOCore
import WireProtocol

/// One WebSocket to a relay: frames out of the read buffer into the session, its actions into the link, frames of the
/// link into the socket.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let link: Link
    var session: ClientSession
    private(set) var context: ChannelHandlerContext?
    private var decoder = WebSocketDecoder(role: .client)
    private let assembler = FrameAssembler()
    private var batch = FrameBatch()
    private lazy var compression = session.extensions.compression.map { algorithm in
        EnvelopeCompression(algorithm: algorithm, threshold: link.configuration.compressionThreshold)
    }
    /// The start of a frame head or control frame that came without its end; at most 139 bytes.
    private var leftover: ByteBuffer?
    private var isReading = true
    private var isReadWanted = false
    private var hasBegun = false
    private var isEnding = false
    private var deadline: Scheduled<Void>?
    private var deadlineAt = UInt64.max

    init(link: Link, authority: String) throws {
        self.link = link
        session = ClientSession(
            configuration: link.configuration,
            authority: authority,
            nonce: try SecureRandom.bytes(Hello.nonceByteCount),
            openedAt: link.now
        )
    }

    /// For the rest of the way to AUTH_OK.
    var timeLeft: TimeAmount {
        let now = link.now
        let end = session.nextDeadline ?? now
        return .nanoseconds(Int64(clamping: end > now ? end - now : 0))
    }

    var isWanted: Bool { link.connection === self }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        scheduleDeadline()
    }

    /// The way out is free: the HTTP decoder, which looks at what is written too, is gone.
    func begin() {
        guard !isEnding else { return }
        hasBegun = true
        send([session.hello(wallClock: link.wallClock)])
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        lost(.closed(code: nil))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        lost(.lost("\(error)"))
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if var waiting = leftover {
            leftover = nil
            waiting.writeBuffer(&buffer)
            buffer = waiting
        }
        buffer.readWithUnsafeReadableBytes { bytes in
            var input = bytes
            decode(&input)
            return bytes.count - input.count
        }
        if buffer.readableBytes > 0, !isEnding { leftover = ByteBuffer(buffer: buffer) }
        scheduleDeadline()
    }

    private func decode(_ input: inout UnsafeRawBufferPointer) {
        while !isEnding {
            switch decoder.next(&input) {
            case .needMore: return
            case .data(let piece, let endsMessage):
                take(piece)
                if endsMessage, assembler.isMidFrame {
                    perform(session.violation("a frame does not end with its WebSocket message"))
                }
            case .text: perform(session.violation("text messages are not part of the protocol"))
            // A relay that reads nothing gets no answers piled up for it.
            case .ping(let payload): if isWritable { writeControl(.pong, payload) }
            case .pong: break
            case .close(let code): closedByRelay(code)
            case .violation(let violation): perform(session.violation(violation.reason))
            }
        }
    }

    private func take(_ piece: MaskedBytes) {
        var piece = piece
        while !isEnding {
            switch assembler.next(&piece, limits: session.frameLimits) {
            case .needMore, .skipped: return
            case .frame(let frame): take(frame)
            case .refused(let header): perform(session.oversized(header))
            case .invalid(let error): perform(session.invalidHeader(error))
            }
        }
    }

    private func take(_ frame: InboundFrame) {
        guard let payload = frame.verifiedPayload() else { return perform(session.checksumFailed(frame.header)) }
        perform(session.received(frame.header, payload: payload, at: link.now))
    }

    private func perform(_ action: ClientSessionAction) {
        switch action {
        case .none: break
        case .send(let frames): if isWritable { send(frames) }
        case .opened(let terms): link.opened(self, terms)
        case .message(let frame): if !link.received(frame) { pauseReading() }
        case .unreadable(let frame): link.receivedUnreadable(frame)
        case .acknowledged(let ids, let type): link.acknowledged(ids, type)
        case .refused(let nack): link.refused(nack, isGoingAway: session.goAway != nil)
        case .goingAway(let goAway): link.relayGoesAway(goAway)
        case .end(let failure, let frames):
            send(frames)
            end(failure)
        }
    }
}

extension ConnectionHandler {
    var isWritable: Bool { hasBegun && context?.channel.isWritable ?? false }

    func send(_ frames: [OutgoingFrame]) {
        // A tick that asks for the next one would keep the loop from ever reading.
        guard !frames.isEmpty else { return }
        for frame in frames { batch.append(frame) }
        link.requestTick()
    }

    func send(_ message: OutgoingMessage) {
        batch.append(
            message,
            traced: session.extensions.contains(.traceContext),
            compressed: compression?.compressed(message)
        )
        if batch.isFull { writeBatch() }
    }

    func flush() {
        writeBatch()
        context?.flush()
    }

    private func writeBatch() {
        guard hasBegun, !batch.isEmpty, let context else { return }
        // The system's generator is cryptographic on Linux: getrandom(2).
        var generator = SystemRandomNumberGenerator()
        let bytes = batch.take(key: UInt32.random(in: .min ... .max, using: &generator))
        context.write(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
    }

    private func writeControl(_ opcode: WebSocketOpcode, _ payload: [UInt8]) {
        guard let context else { return }
        let bytes = WebSocketEncoder.masked(opcode, payload: payload, key: .random(in: .min ... .max))
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { link.requestTick() }
        context.fireChannelWritabilityChanged()
    }
}

/// Back-pressure: nothing is read while the inbox is full.
extension ConnectionHandler {
    func read(context: ChannelHandlerContext) {
        guard isReading else { return isReadWanted = true }
        context.read()
    }

    private func pauseReading() {
        guard isReading else { return }
        isReading = false
        session.readingPaused()
    }

    func resumeReading() {
        guard !isReading else { return }
        isReading = true
        session.readingResumed(at: link.now)
        scheduleDeadline()
        guard isReadWanted else { return }
        isReadWanted = false
        context?.read()
    }
}

extension ConnectionHandler {
    private func scheduleDeadline() {
        guard let context, let next = session.nextDeadline, next != .max else { return }
        // A deadline that moved away is looked at again when the old one comes: a timer a read would cost more.
        guard next < deadlineAt else { return }
        deadline?.cancel()
        deadlineAt = next
        deadline = context.eventLoop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(next)) {
            self.deadlineAt = .max
            self.perform(self.session.timePassed(at: self.link.now, wallClock: self.link.wallClock))
            self.scheduleDeadline()
        }
    }

    /// Last words, close frame, close. A relay that does not take them is cut off after a second.
    func end(_ failure: ConnectionFailure) {
        guard !isEnding else { return }
        isEnding = true
        session.ended()
        link.lost(failure, by: self)
        guard let context else { return }
        guard hasBegun else { return context.close(promise: nil) }
        flush()
        let code = failure.closeCode
        writeControl(.close, [UInt8(code >> 8), UInt8(code & 0xFF)])
        let channel = context.channel
        context.close(mode: .output, promise: nil)
        // The relay's close must be read, or ours would reset the connection and with it what the relay has not read.
        resumeReading()
        context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }

    private func closedByRelay(_ code: UInt16?) {
        let failure = session.goAway.map { ConnectionFailure.goneAway($0) } ?? .closed(code: code)
        end(failure)
    }

    private func lost(_ failure: ConnectionFailure) {
        guard !isEnding else { return }
        isEnding = true
        let told = session.goAway.map { ConnectionFailure.goneAway($0) }
        session.ended()
        link.lost(told ?? failure, by: self)
    }
}
