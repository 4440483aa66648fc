package import NIOCore

/// In front of everything else: takes the PROXY header off a trusted proxy's socket and lets the rest of the pipeline
/// be built for the client it names; ends one that brings a header and may not.
package final class ProxyHeaderHandler: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer

    package enum Outcome {
        /// nil: the proxy's own.
        case client(SocketAddress?)
        case refused(ProxyRefusal)
    }

    /// What a socket may begin with.
    package enum Expectation {
        case header
        /// Or with something else, which is the sender's own.
        case headerOrNone
        case noHeader
    }

    private let expectation: Expectation
    private let patience: TimeAmount?
    /// Told once. Throws where the socket is not to be served.
    private let told: (Outcome) throws -> Void
    private var timeout: Scheduled<Void>?
    private var received = ByteBuffer()
    private var isDone = false

    /// - Parameter patience: nil for no limit.
    package init(
        expecting expectation: Expectation,
        patience: TimeAmount?,
        told: @escaping (Outcome) throws -> Void
    ) {
        self.expectation = expectation
        self.patience = patience
        self.told = told
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        guard expectation != .noHeader, let patience else { return }
        timeout = context.eventLoop.assumeIsolated().scheduleTask(in: patience) { self.timedOut(context) }
    }

    package func handlerRemoved(context: ChannelHandlerContext) { timeout?.cancel() }

    private func timedOut(_ context: ChannelHandlerContext) {
        guard !isDone else { return }
        // A proxy that only looks whether the port is open says nothing, and that is nobody's failure.
        guard received.readableBytes > 0 else { return context.close(promise: nil) }
        refuse(.tooSlow, context)
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        var bytes = unwrapInboundIn(data)
        guard expectation != .noHeader else { return look(at: bytes, context) }
        received.writeBuffer(&bytes)
        switch ProxyHeader(received.readableBytesView) {
        case .needMore: break
        case .absent where expectation == .headerOrNone:
            isDone = true
            pass(received, context)
        case .absent: refuse(.missing, context)
        case .malformed: refuse(.malformed, context)
        case .tooLarge: refuse(.tooLarge, context)
        case .client(let address, let byteCount):
            received.moveReaderIndex(forwardBy: byteCount)
            finish(address, context)
        }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        if expectation != .noHeader, received.readableBytes > 0 { refuse(.malformed, context) }
        context.fireChannelInactive()
    }

    private func finish(_ client: SocketAddress?, _ context: ChannelHandlerContext) {
        isDone = true
        do {
            try told(.client(client))
        } catch {
            return context.close(promise: nil)
        }
        pass(received, context)
    }

    /// A few bytes at a time, the parser behind says that it is no request.
    private func look(at bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        let view = bytes.readableBytesView
        guard view.starts(with: ProxyHeader.lineStart) || view.starts(with: ProxyHeader.signature) else {
            isDone = true
            return pass(bytes, context)
        }
        refuse(.untrusted, context)
    }

    private func pass(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    private func refuse(_ result: ProxyRefusal, _ context: ChannelHandlerContext) {
        guard !isDone else { return }
        isDone = true
        received.clear()
        try? told(.refused(result))
        context.close(promise: nil)
    }
}
