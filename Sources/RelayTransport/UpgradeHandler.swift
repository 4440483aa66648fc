import NIOCore
import NIOHTTP1
import RelayCore

/// The HTTP end of a new socket: answers its one request, and makes a connection of it where that asks for one.
final class UpgradeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let services: ConnectionServices
    private var timeout: Scheduled<Void>?
    private var isAnswered = false
    private var accepted: HTTPHeaders?

    init(services: ConnectionServices) { self.services = services }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        // A socket that says nothing, as a TCP health check, is closed without a word.
        timeout = context.eventLoop.scheduleTask(in: services.limits.handshakeTimeout) {
            channel.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timeout?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let request) where !isAnswered:
            isAnswered = true
            do throws(WebSocketUpgrade.Rejection) {
                accepted = try WebSocketUpgrade.accept(request)
            } catch {
                reject(context: context, error)
            }
        case .end:
            // Not before: the decoder has this part still to give.
            if let headers = accepted { upgrade(context: context, headers: headers) }
        case .head, .body: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError, !isAnswered else { return context.close(promise: nil) }
        isAnswered = true
        reject(context: context, .init(status: .badRequest, body: "This is not an HTTP request."))
    }

    private func upgrade(context: ChannelHandlerContext, headers: HTTPHeaders) {
        let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(ConnectionHandler(services: services))
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            let encoder = try pipeline.handler(type: HTTPResponseEncoder.self)
            let limit = try pipeline.handler(type: HeaderLimitHandler.self)
            // What the decoder has not read is the first of the WebSocket; it comes through when the decoder goes.
            for handler in [self, encoder, limit] as [any RemovableChannelHandler] {
                context.pipeline.syncOperations.removeHandler(handler, promise: nil)
            }
            context.pipeline.syncOperations.removeHandler(decoder, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    private func reject(context: ChannelHandlerContext, _ rejection: WebSocketUpgrade.Rejection) {
        services.loop.relay?.note(.connectionFailed(.upgradeRejected))
        let body = ByteBuffer(string: rejection.body + "\n")
        var headers = HTTPHeaders([
            ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", String(body.readableBytes)),
            ("Connection", "close"),
        ])
        for (name, value) in rejection.headers { headers.replaceOrAdd(name: name, value: value) }
        let head = HTTPResponseHead(version: .http1_1, status: rejection.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            // Half a close first, so that the answer is read before a reset.
            channel.close(mode: .output, promise: nil)
            channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        }
    }
}

/// Bounds the bytes of a request before the parser holds them.
final class HeaderLimitHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    static let maxBytes = 16 * 1024
    private var count = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        count += unwrapInboundIn(data).readableBytes
        guard count > Self.maxBytes else { return context.fireChannelRead(data) }
        let text =
            "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }
}
