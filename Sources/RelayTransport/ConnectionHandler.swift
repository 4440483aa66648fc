import Compression
import Identity
import NIOCore
import RelayCore
import WireProtocol

/// One agent's WebSocket: frames out of the read buffer into the session, messages on to the relay, what the relay has
/// for the agent into the socket. Files beside it write, end connections, and carry out the session's actions.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let services: ConnectionServices
    var session: SessionStateMachine
    var context: ChannelHandlerContext?
    var connection: Connection?
    var ending = Ending.open
    var hasPeerClosed = false
    /// What AUTH_OK will say, once the agent's home has taken the connection.
    var grant: SessionGrant?
    /// As AUTH_OK gave it.
    var sessionID: String?
    private var decoder = WebSocketDecoder(role: .server)
    private let assembler = FrameAssembler()
    /// The start of a frame head or control frame that came without its end; at most 139 bytes.
    private var leftover: ByteBuffer?
    var flushing = ByteBuffer()
    var isPongOnItsWay = false
    var waitingPong: [UInt8]?
    /// Of a compressed message that is coming in.
    var inflater: Inflater?
    var misdeeds = Misdeeds()
    private var isReading = true
    private var isReadWanted = false
    /// What comes now is no WebSocket, or follows its close frame.
    private var isDeaf = false
    private var deadline: Scheduled<Void>?
    private var deadlineAt: MonotonicNanoseconds = .max

    var loop: DataLoop { services.loop }
    /// Of the loop; held here, since the loop would check its thread with each look.
    let relay: Relay?

    init(services: ConnectionServices) throws {
        self.services = services
        relay = services.loop.relay
        session = SessionStateMachine(
            configuration: services.session,
            challenge: try SecureRandom.bytes(HelloAck.challengeByteCount),
            openedAt: services.loop.now
        )
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // Fails for a channel that is closed, which reads no more.
        try? context.channel.syncOptions?.setOption(.recvAllocator, value: SharedReadBuffer(loop: loop))
        connection = relay?.open(self, at: loop.now)
        decoder.takesDeflated = services.deflate != nil
        connection?.outbox.deflateWindowBits = services.deflate.map { $0.serverWindowBits ?? 15 }
        services.journal.write(.opened, services.network.description)
        scheduleDeadline()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        // A socket that died under its upgrade was inactive before this handler came.
        closed()
        deadline?.cancel()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        closed()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failed(.io)
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let read = unwrapInboundIn(data)
        defer { loop.giveReadBuffer(read) }
        guard let connection, let relay else { return }
        var buffer = read
        let now = relay.readBegan()
        connection.traffic.bytesIn &+= UInt64(read.readableBytes)
        if var waiting = leftover {
            leftover = nil
            waiting.writeBuffer(&buffer)
            buffer = waiting
        }
        buffer.readWithUnsafeReadableBytes { bytes in
            var input = bytes
            decode(&input, at: now, on: connection, relay)
            return bytes.count - input.count
        }
        if buffer.readableBytes > 0, !isDeaf { leftover = ByteBuffer(buffer: buffer) }
        scheduleDeadline()
    }

    /// Goes on while the connection ends: the peer's close frame is still to come, behind whatever it sent before.
    private func decode(
        _ input: inout UnsafeRawBufferPointer,
        at now: MonotonicNanoseconds,
        on connection: Connection,
        _ relay: Relay
    ) {
        while !isDeaf {
            switch decoder.next(&input) {
            case .needMore: return
            case .data(let piece, let endsMessage):
                if decoder.isDeflated {
                    inflate(piece, endsMessage: endsMessage, at: now, on: connection, relay)
                } else {
                    take(piece, at: now, on: connection, relay)
                }
                if endsMessage, assembler.isMidFrame { endedMidFrame() }
            case .ping(let payload): answerPing(payload)
            case .pong: break
            case .text:
                isDeaf = true
                perform(session.ended(by: .textMessage))
            case .close(let code):
                isDeaf = true
                peerClosed(code)
            case .violation(let violation):
                isDeaf = true
                violated(violation)
            }
        }
    }

    /// Payload of a binary message: whole frames, and pieces of frames.
    func take(_ piece: MaskedBytes, at now: MonotonicNanoseconds, on connection: Connection, _ relay: Relay) {
        var piece = piece
        let limits = session.frameLimits
        while ending.takesInput {
            switch assembler.next(&piece, limits: limits) {
            case .needMore: return
            case .frame(let frame): take(frame, at: now, on: connection, relay)
            case .skipped(let header, let routing):
                relay.received(frameOf: header.typeCode)
                relay.charge(header, to: connection, at: now)
                perform(session.skippedMessage(header, routing: routing, at: now))
            case .refused(let header): perform(session.oversized(header))
            case .invalid(let error): perform(session.invalidHeader(error))
            }
        }
    }

    private func take(_ frame: InboundFrame, at now: MonotonicNanoseconds, on connection: Connection, _ relay: Relay) {
        relay.received(frameOf: frame.header.typeCode)
        if let (routing, mode) = session.receivedMessage(frame, at: now) {
            return accept(frame, routing, mode, at: now, on: connection, relay)
        }
        if frame.header.type == .message { relay.charge(frame.header, to: connection, at: now) }
        if frame.header.type == .ping { session.load = services.turnstile.load }
        let action = session.received(frame, at: now, wallClock: loop.wallClock)
        guard case .message(let routing, let mode, _) = action else {
            if case .disconnect(.protocolViolation(.compression), _) = action { relay.note(.compressionFailed(.head)) }
            return perform(action)
        }
        accept(frame, routing, mode, at: now, on: connection, relay)
    }

    private func accept(
        _ frame: InboundFrame,
        _ routing: RoutingHeader,
        _ mode: DeliveryMode,
        at now: MonotonicNanoseconds,
        on connection: Connection,
        _ relay: Relay
    ) {
        if !relay.accept(frame, routing: routing, mode: mode, from: connection, at: now) {
            perform(session.checksumFailed(frame))
        }
    }

    // Back-pressure: nothing is read that the relay does not want now.
    func read(context: ChannelHandlerContext) {
        guard isReading else { return isReadWanted = true }
        context.read()
    }

    func setReading(_ reading: Bool) {
        guard reading != isReading else { return }
        isReading = reading
        if reading { session.keepaliveResumed(at: loop.now) } else { session.keepaliveStopped(at: loop.now) }
        scheduleDeadline()
        guard reading, isReadWanted else { return }
        isReadWanted = false
        context?.read()
    }

    /// One timer a connection, left to fire early rather than moved with every frame.
    func scheduleDeadline() {
        guard let next = session.nextDeadline, next < deadlineAt, let context else { return }
        deadline?.cancel()
        deadlineAt = next
        deadline = context.eventLoop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(next)) {
            self.deadlineAt = .max
            self.perform(self.session.timePassed(at: self.loop.now, wallClock: self.loop.wallClock))
            self.scheduleDeadline()
        }
    }
}
