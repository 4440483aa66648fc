import NIOCore
import RelayCore
import WireProtocol

extension ConnectionHandler {
    func flush(_ buffer: ByteBuffer) {
        // Nothing may follow a close frame (RFC 6455 section 5.5.1): what the relay still has ends with the connection.
        guard let context, ending.takesOutput else { return }
        flushing = buffer
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { result in self.flushed(result) }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: promise)
    }

    private func flushed(_ result: Result<Void, any Error>) {
        // Taken out, so that the relay holds the only reference and its storage serves the next flush.
        var buffer = ByteBuffer()
        swap(&buffer, &flushing)
        switch result {
        case .success:
            guard let connection else { return }
            relay?.flushed(buffer, of: connection)
            finishEnding()
        case .failure(let error):
            // A channel that was closed by either side fails what it had; only the kernel's word is a failure.
            if error is IOError { failed(.io) }
        }
    }

    func writeControl(_ frame: [UInt8], promise: EventLoopPromise<Void>? = nil) {
        context?.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: frame)), promise: promise)
    }

    /// One pong is on its way and one waits at most, so that a peer that pings and does not read fills nothing: of
    /// pings that come faster, the latest is answered (RFC 6455 section 5.5.3).
    func answerPing(_ payload: [UInt8]) {
        guard let context, ending.takesInput else { return }
        guard !isPongOnItsWay else { return waitingPong = payload }
        isPongOnItsWay = true
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in self.pongLeft() }
        writeControl(WebSocketEncoder.control(.pong, payload: payload), promise: promise)
    }

    private func pongLeft() {
        isPongOnItsWay = false
        guard let payload = waitingPong else { return }
        waitingPong = nil
        answerPing(payload)
    }
}
