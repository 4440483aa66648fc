import NIOCore
import NIOHTTP1
import RelayTLS

/// The HTTP end of a new connection: asks for the WebSocket, and makes way for it.
final class UpgradeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// Of a refusal's body; the rest is not kept.
    private static let maxBodyBytes = 256

    private let request: UpgradeRequest
    private let connection: ConnectionHandler
    private var timeout: Scheduled<Void>?
    private var failure: ConnectionFailure?
    private var body: [UInt8] = []
    private var isDone = false

    init(request: UpgradeRequest, connection: ConnectionHandler) {
        self.request = request
        self.connection = connection
    }

    func handlerAdded(context: ChannelHandlerContext) {
        timeout = context.eventLoop.assumeIsolated().scheduleTask(in: connection.timeLeft) {
            self.fail(.handshakeTimeout, context)
        }
        if context.channel.isActive, !request.address.isTLS { ask(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timeout?.cancel() }

    func channelActive(context: ChannelHandlerContext) {
        if !request.address.isTLS { ask(context) }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is TLSHandshake { ask(context) }
        context.fireUserInboundEventTriggered(event)
    }

    private func ask(_ context: ChannelHandlerContext) {
        // Given up while the connection came about.
        guard connection.isWanted else { return context.close(promise: nil) }
        context.write(wrapOutboundOut(.head(request.head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        switch unwrapInboundIn(data) {
        case .head(let response): failure = request.failure(of: response)
        case .body(let part): body += part.readableBytesView.prefix(Self.maxBodyBytes - body.count)
        case .end: answered(context)
        }
    }

    private func answered(_ context: ChannelHandlerContext) {
        switch failure {
        case .upgradeRefused(let status, let phrase):
            let text = String(decoding: body, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init)
            fail(.upgradeRefused(status: status, body: text ?? phrase), context)
        case let failure?: fail(failure, context)
        case nil: upgrade(context)
        }
    }

    private func upgrade(_ context: ChannelHandlerContext) {
        isDone = true
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(connection)
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
            let encoder = try pipeline.handler(type: HTTPRequestEncoder.self)
            for handler in [self, encoder] as [any RemovableChannelHandler] {
                pipeline.removeHandler(handler, promise: nil)
            }
            // What the decoder has not read is the first of the WebSocket; it comes through when the decoder goes.
            let connection = NIOLoopBound(connection, eventLoop: context.eventLoop)
            pipeline.removeHandler(decoder).whenSuccess { connection.value.begin() }
        } catch {
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(.lost("closed before it was a WebSocket"), context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is HTTPParserError: fail(.notARelay("it does not speak HTTP"), context)
        case let failure as TLSFailure: fail(.tls(failure.reason), context)
        default: fail(.lost("\(error)"), context)
        }
    }

    private func fail(_ failure: ConnectionFailure, _ context: ChannelHandlerContext) {
        guard !isDone else { return }
        isDone = true
        connection.link.lost(failure, by: connection)
        context.close(promise: nil)
    }
}
