public import NIOCore

extension TLSHandler {
    public func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode != .input { endOutput(context) }
        context.close(mode: mode, promise: promise)
    }

    private func endOutput(_ context: ChannelHandlerContext) {
        guard case .open = phase, !hasEndedOutput else { return }
        hasEndedOutput = true
        session.endOutput()
        writeOutput(context)
    }

    /// As a socket without TLS that came to its end: half closed where the channel was told to allow that.
    func peerEnded(_ context: ChannelHandlerContext) {
        hasPeerEnded = true
        writeOutput(context)
        let allowsHalf = try? context.channel.syncOptions?.getOption(.allowRemoteHalfClosure)
        guard allowsHalf ?? false else { return close(context: context, mode: .all, promise: nil) }
        context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }

    public func channelInactive(context: ChannelHandlerContext) {
        switch phase {
        case .handshake:
            handshakeFailed(.closedInHandshake)
            if session.role == .client { context.fireErrorCaught(TLSFailure.closedInHandshake) }
        case .open:
            phase = .over
            // Whoever takes the end of the stream for the end of an answer must not take this one.
            if session.role == .client, !hasPeerEnded, !hasEndedOutput { context.fireErrorCaught(TLSFailure.cutOff) }
        case .over: break
        }
        context.fireChannelInactive()
    }

    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        handshakeFailed(TLSFailure(.io, "\(error)"))
        context.fireErrorCaught(error)
    }

    private static let plainHTTPAnswer = {
        let body = "This port speaks TLS: connect to it with wss:// (or https://).\n"
        return "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
            + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n" + body
    }()

    /// In plain words to whoever speaks plainly, most often a person with the wrong scheme.
    func answerPlainHTTP(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: Self.plainHTTPAnswer)), promise: nil)
        // Half a close first, so that the answer is read before a reset.
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }
}
