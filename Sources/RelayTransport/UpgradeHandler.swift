import Listening
import NIOCore
import NIOHTTP1
import RelayCore

/// The HTTP end of a new socket: answers its one request, and makes a connection of it where that asks for one.
final class UpgradeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case awaitingHead
        /// The head is good; the parser has its end still to give.
        case awaitingEnd(HTTPHeaders)
        case answered
    }

    private var services: ConnectionServices
    private let visit: Visit
    /// Where a proxy says whose request it is.
    private let trust: ProxyTrust?
    private var timeout: Scheduled<Void>?
    private var state = State.awaitingHead
    /// Of the request, as it came.
    var bytesRead = 0

    var isAwaitingHead: Bool { if case .awaitingHead = state { true } else { false } }
    private var isAnswered: Bool { if case .answered = state { true } else { false } }

    init(services: ConnectionServices, visit: Visit, trust: ProxyTrust?) {
        self.services = services
        self.visit = visit
        self.trust = trust
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard let patience else { return }
        timeout = context.eventLoop.assumeIsolated().scheduleTask(in: patience) { self.timedOut(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timeout?.cancel() }

    /// A refused socket holds a descriptor that is not counted: it has a second to hear why.
    private var patience: TimeAmount? {
        let limit = services.limits.handshakeTimeout
        let isLimited = limit > .nanoseconds(0)
        if case .refused = visit.entry { return isLimited ? min(limit, .seconds(1)) : .seconds(1) }
        return isLimited ? limit : nil
    }

    private func timedOut(_ context: ChannelHandlerContext) {
        guard !isAnswered else { return }
        // A socket that says nothing, as a TCP health check, is closed without a word and is nobody's failure.
        guard bytesRead > 0 else { return context.close(promise: nil) }
        reject(context: context, .tooSlow)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let request), .awaitingHead):
            do throws(WebSocketUpgrade.Rejection) {
                state = .awaitingEnd(try accept(request))
            } catch {
                reject(context: context, error)
            }
        case (.end, .awaitingEnd(let headers)):
            state = .answered
            upgrade(context: context, headers: headers)
        default: break
        }
    }

    private func accept(_ request: HTTPRequestHead) throws(WebSocketUpgrade.Rejection) -> HTTPHeaders {
        if let trust { try identify(ForwardedFor(request.headers, trust)) }
        switch visit.entry {
        case .admitted: break
        case .refused(let limit, let wait): throw turnedAway(limit, retryAfter: wait)
        case .turnedAway(let limit): throw turnedAway(limit, retryAfter: .seconds(5))
        }
        var headers = try WebSocketUpgrade.accept(request)
        if services.limits.deflatesMessages {
            services.deflate = DeflateTerms.agreed(on: request.headers["Sec-WebSocket-Extensions"])
            if let terms = services.deflate { headers.add(name: "Sec-WebSocket-Extensions", value: terms.answer) }
        }
        guard !services.turnstile.isClosed else { throw .draining }
        return headers
    }

    private func turnedAway(
        _ limit: ConnectionLimit,
        retryAfter wait: MonotonicNanoseconds
    ) -> WebSocketUpgrade.Rejection {
        services.loop.relay?.note(.connectionRefused(limit))
        services.journal.write(.turnedAway(limit), services.network.description)
        return .refused(by: limit, retryAfter: wait)
    }

    /// The proxy has said whose request it is: from here on limits, logs and hashes are that client's.
    private func identify(_ forwarded: ForwardedFor) throws(WebSocketUpgrade.Rejection) {
        let relay = services.loop.relay
        switch forwarded {
        case .client(let address):
            services.client = address
            relay?.note(.proxyHeader(.client))
        case .absent: relay?.note(.proxyHeader(.own))
        case .malformed:
            relay?.note(.proxyHeader(.malformed))
            services.journal.write(.proxyRefused(.malformed), services.network.description)
            throw .malformedForwarding
        }
        guard case .admitted = visit.entry else { return }
        visit.attribute(to: services.network, at: services.loop.now)
        if visit.isUntracked { relay?.note(.rateUntracked(.connectionsPerIPPerSecond)) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The parser speaks of a request cut short by the end of the socket, too.
        guard !isAnswered, context.channel.isActive else { return context.close(promise: nil) }
        switch error {
        case is RequestSizeHandler.Exceeded, HTTPParserError.headerOverflow: reject(context: context, .tooLarge)
        case is HTTPParserError: reject(context: context, .noHTTP)
        default: context.close(promise: nil)
        }
    }

    private func upgrade(context: ChannelHandlerContext, headers: HTTPHeaders) {
        let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(services.makeHandler(services))
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            let encoder = try pipeline.handler(type: HTTPResponseEncoder.self)
            let size = try pipeline.handler(type: RequestSizeHandler.self)
            for handler in [self, encoder, size] as [any RemovableChannelHandler] {
                pipeline.removeHandler(handler, promise: nil)
            }
            // What the decoder has not read is the first of the WebSocket; it comes through when the decoder goes.
            pipeline.removeHandler(decoder, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    private func reject(context: ChannelHandlerContext, _ rejection: WebSocketUpgrade.Rejection) {
        state = .answered
        services.loop.relay?.note(.connectionFailed(rejection.failure))
        let body = ByteBuffer(string: rejection.body + "\n")
        var headers = HTTPHeaders([
            ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", String(body.readableBytes)),
            ("Connection", "close"),
        ])
        for (name, value) in rejection.headers { headers.replaceOrAdd(name: name, value: value) }
        let head = HTTPResponseHead(version: .http1_1, status: rejection.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // Half a close first, so that the answer is read before a reset.
        context.close(mode: .output, promise: nil)
        timeout?.cancel()
        let channel = context.channel
        timeout = context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }
}
