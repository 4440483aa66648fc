import NIOCore
import NIOPosix
import RelayTLS
import Synchronization

/// A listener that answers each request's last byte with the next line of its script, the last one again and again.
final class ScriptedServer: Sendable {
    private final class Connection: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let server: ScriptedServer

        init(_ server: ScriptedServer) { self.server = server }

        func channelActive(context: ChannelHandlerContext) { server.state.withLock { $0.connections += 1 } }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data))
            guard let answer = server.answer(to: text) else { return }
            let written = context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)))
            guard server.closes else { return }
            // Below TLS, so that nobody says close_notify.
            let tls = server.cutsOff ? try? context.pipeline.syncOperations.context(handlerType: TLSHandler.self) : nil
            let bound = NIOLoopBound(tls ?? context, eventLoop: context.eventLoop)
            written.whenComplete { _ in bound.value.close(promise: nil) }
        }
    }

    private struct State {
        var script: [String]
        var received = ""
        var connections = 0
        var listener: (any Channel)?
    }

    private let state: Mutex<State>
    private let closes: Bool
    private let cutsOff: Bool

    init(_ script: [String], closes: Bool = false, cutsOff: Bool = false, tls: TLSServer? = nil) async throws {
        state = Mutex(State(script: script))
        self.closes = closes
        self.cutsOff = cutsOff
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(tls.handler(within: nil)) }
                    try channel.pipeline.syncOperations.addHandler(Connection(self))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        state.withLock { $0.listener = listener }
    }

    var port: Int { state.withLock { $0.listener?.localAddress?.port ?? 0 } }
    var connections: Int { state.withLock { $0.connections } }
    var received: String { state.withLock { $0.received } }

    /// nil while a request is not whole: those of these tests end in their body.
    private func answer(to text: String) -> String? {
        state.withLock { state in
            state.received += text
            guard text.hasSuffix("spans") else { return nil }
            return state.script.count > 1 ? state.script.removeFirst() : state.script[0]
        }
    }

    func close() async throws { try await state.withLock { $0.listener }?.close().get() }
}
