public import NIOCore

/// TLS between a socket and its protocol. Nothing waits in here: what is written leaves as ciphertext at once, with its
/// promise, and what is read is decrypted and passed on in the same turn.
public final class TLSHandler: ChannelDuplexHandler, RemovableChannelHandler {
    public typealias InboundIn = ByteBuffer
    public typealias InboundOut = ByteBuffer
    public typealias OutboundIn = ByteBuffer
    public typealias OutboundOut = ByteBuffer

    /// How the handshake ended; on the channel's loop, once. Not called where a client came and went without a word, or
    /// was an authority that was shown a proof.
    public typealias Finished = (Result<TLSHandshake, TLSFailure>) -> Void

    enum Phase {
        case handshake
        case open
        /// No ciphertext is read or made any more.
        case over
    }

    /// Of a whole handshake, a long chain of certificates and a client's among it.
    static let maxHandshakeBytes = 64 * 1024

    let session: TLSSession
    private let limit: TimeAmount?
    private let buffers: PlaintextBuffers
    private let finished: Finished
    private var timeout: Scheduled<Void>?
    private var handshakeBytes = 0
    var phase = Phase.handshake
    var hasPeerEnded = false
    var hasEndedOutput = false

    /// - Parameter limit: of the handshake's time; nil is none.
    init(_ session: TLSSession, _ limit: TimeAmount?, _ buffers: PlaintextBuffers, _ finished: @escaping Finished) {
        self.session = session
        self.limit = limit
        self.buffers = buffers
        self.finished = finished
    }

    public func handlerAdded(context: ChannelHandlerContext) {
        if let limit {
            timeout = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { self.timedOut(context) }
        }
        if context.channel.isActive { begin(context) }
    }

    public func handlerRemoved(context: ChannelHandlerContext) { timeout?.cancel() }

    public func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    /// A client speaks first.
    private func begin(_ context: ChannelHandlerContext) {
        if session.role == .client { handshake(context) }
    }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let ciphertext = unwrapInboundIn(data)
        defer { buffers.giveBack(ciphertext) }
        ciphertext.withUnsafeReadableBytes { bytes in
            session.withInput(bytes) {
                if case .handshake = phase { handshake(context, bytes.count) }
                if case .open = phase { decrypt(context, ciphertext) }
            }
        }
    }

    private func handshake(_ context: ChannelHandlerContext, _ count: Int = 0) {
        handshakeBytes += count
        switch session.handshake() {
        case .done: opened(context)
        case .needsInput where handshakeBytes > Self.maxHandshakeBytes: fail(.tooLarge, context)
        case .needsInput: writeOutput(context)
        case .failed(let failure): fail(failure, context)
        }
    }

    private func opened(_ context: ChannelHandlerContext) {
        writeOutput(context)
        guard !session.isProof else { return proofShown(context) }
        guard let agreed = session.agreed else {
            return fail(TLSFailure(.internal, "TLS with a suite that was not offered"), context)
        }
        phase = .open
        timeout?.cancel()
        finished(.success(agreed))
        context.fireUserInboundEventTriggered(agreed)
    }

    private func proofShown(_ context: ChannelHandlerContext) {
        phase = .over
        timeout?.cancel()
        session.endOutput()
        writeOutput(context)
        context.close(promise: nil)
    }

    private func decrypt(_ context: ChannelHandlerContext, _ ciphertext: ByteBuffer) {
        var plaintext = buffers.take(ciphertext, context.channel.allocator)
        while case .open = phase, !hasPeerEnded {
            if plaintext.writableBytes == 0 {
                context.fireChannelRead(wrapInboundOut(plaintext))
                plaintext = buffers.take(ciphertext, context.channel.allocator)
            }
            switch session.read(into: &plaintext) {
            case .plaintext: continue
            case .needsInput:
                deliver(plaintext, context)
                return writeOutput(context)
            case .ended:
                deliver(plaintext, context)
                return peerEnded(context)
            case .failed(let failure):
                // An answer to what is delivered would fail too, with a reason that is none.
                phase = .over
                deliver(plaintext, context)
                return fail(failure, context)
            }
        }
        buffers.giveBack(plaintext)
    }

    private func deliver(_ plaintext: ByteBuffer, _ context: ChannelHandlerContext) {
        guard plaintext.readableBytes > 0 else { return buffers.giveBack(plaintext) }
        context.fireChannelRead(wrapInboundOut(plaintext))
    }

    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .open = phase, !hasEndedOutput else {
            promise?.fail(hasEndedOutput ? ChannelError.outputClosed : ChannelError.ioOnClosedChannel)
            return
        }
        if let failure = session.write(unwrapOutboundIn(data), context.channel.allocator) {
            promise?.fail(failure)
            return fail(failure, context)
        }
        guard let output = session.takeOutput() else { return context.write(data, promise: promise) }
        context.write(wrapOutboundOut(output), promise: promise)
    }

    func writeOutput(_ context: ChannelHandlerContext) {
        guard let output = session.takeOutput() else { return }
        context.writeAndFlush(wrapOutboundOut(output), promise: nil)
    }

    private func timedOut(_ context: ChannelHandlerContext) {
        guard case .handshake = phase else { return }
        guard isHeard else {
            phase = .over
            return context.close(promise: nil)
        }
        fail(.timeout, context)
    }

    /// A client that says nothing, as a TCP health check, is nobody's failure.
    private var isHeard: Bool { session.role == .client || handshakeBytes > 0 }

    func fail(_ failure: TLSFailure, _ context: ChannelHandlerContext) {
        let wasHandshake = handshakeFailed(failure)
        // OpenSSL's alert, where it has one to send.
        writeOutput(context)
        if wasHandshake, session.role == .server, failure.cause == .plainHTTP { return answerPlainHTTP(context) }
        context.fireErrorCaught(failure)
        context.close(promise: nil)
    }

    /// - Returns: whether it failed only now.
    @discardableResult
    func handshakeFailed(_ failure: TLSFailure) -> Bool {
        defer { phase = .over }
        guard case .handshake = phase else { return false }
        timeout?.cancel()
        if isHeard { finished(.failure(failure)) }
        return true
    }
}
