import NIOCore
import NIOHTTP1

/// One request at a time on one connection.
final class ExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private struct Exchange {
        var promise: EventLoopPromise<HTTPResponse>
        var deadline: Scheduled<Void>
        var head: HTTPResponseHead?
        var body: [UInt8] = []
    }

    private let maxBodyBytes: Int
    private var context: ChannelHandlerContext?
    private var current: Exchange?

    init(maxBodyBytes: Int) { self.maxBodyBytes = maxBodyBytes }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func send(
        _ head: HTTPRequestHead,
        _ body: [UInt8],
        within limit: TimeAmount
    ) throws(HTTPClientError) -> EventLoopFuture<HTTPResponse> {
        // The client gives a connection to one request at a time, while it is open. Were it not so, a batch is lost and
        // counted, and the process lives.
        guard let context, current == nil else { throw .cutOff }
        let promise = context.eventLoop.makePromise(of: HTTPResponse.self)
        let deadline = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { self.fail(HTTPClientError.timeout) }
        current = Exchange(promise: promise, deadline: deadline)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        return promise.futureResult
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard current != nil else { return context.close(promise: nil) }
        switch unwrapInboundIn(data) {
        case .head(let head):
            current?.head = head
            // What follows is another protocol's, and the parser makes nothing of it any more.
            if head.status == .switchingProtocols { fail(HTTPClientError.unaskedUpgrade) }
        case .body(let bytes):
            current?.body += bytes.readableBytesView
            if current?.body.count ?? 0 > maxBodyBytes { fail(HTTPClientError.bodyTooLarge(limit: maxBodyBytes)) }
        case .end: finish()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(HTTPClientError.cutOff)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(error) }

    private func finish() {
        guard let exchange = current, let head = exchange.head else { return }
        // An interim answer (1xx) is not the answer.
        guard head.status.code >= 200 else { return }
        current = nil
        exchange.deadline.cancel()
        exchange.promise.succeed(
            HTTPResponse(
                status: Int(head.status.code),
                headers: head.headers,
                body: exchange.body,
                retryAfterSeconds: head.headers.first(name: "Retry-After").flatMap { UInt64($0) },
                keepsAlive: head.isKeepAlive
            )
        )
    }

    private func fail(_ error: any Error) {
        guard let exchange = current else { return }
        current = nil
        exchange.deadline.cancel()
        exchange.promise.fail(error)
        context?.close(promise: nil)
    }
}
