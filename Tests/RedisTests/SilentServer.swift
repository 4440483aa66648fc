import Glibc
import NIOCore
import NIOPosix

/// Answers a greeting, and a question for slots as a node that was taken out of its cluster; nothing more. It knows how
/// its first connection ended.
struct SilentServer {
    private final class Connection: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let ended: EventLoopPromise<Bool>

        init(_ ended: EventLoopPromise<Bool>) { self.ended = ended }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let asked = String(buffer: unwrapInboundIn(data))
            let greetings = ["HELLO", "SETNAME", "PING"].count { asked.contains($0) }
            let slots = asked.contains("SLOTS") ? "*0\r\n" : ""
            let answer = String(repeating: "+OK\r\n", count: greetings) + slots
            guard !answer.isEmpty else { return }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            ended.succeed((error as? IOError)?.errnoCode == ECONNRESET)
        }

        func channelInactive(context: ChannelHandlerContext) { ended.succeed(false) }
    }

    let port: Int
    private let listener: any Channel
    private let ended: EventLoopPromise<Bool>

    /// That its peer's kernel has dropped what was not sent, instead of sending it.
    var wasReset: Bool { get async throws { try await ended.futureResult.get() } }

    init() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let ended = group.any().makePromise(of: Bool.self)
        listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Connection(ended))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.ended = ended
        port = listener.localAddress?.port ?? 0
    }

    func close() async throws { try await listener.close() }
}
