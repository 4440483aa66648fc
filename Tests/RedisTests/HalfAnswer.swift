import CertificateFixture
import Foundation
import NIOCore
import NIOPosix
import RelayTLS

/// A server with TLS that answers greetings, and anything else by half; then its connection ends.
struct HalfAnswer {
    private final class Connection: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let saysGoodbye: Bool

        init(saysGoodbye: Bool) { self.saysGoodbye = saysGoodbye }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let asked = String(buffer: unwrapInboundIn(data))
            let greetings = ["PING", "SETNAME"].filter { asked.contains($0) }
            let isGreeting = !greetings.isEmpty
            let answers = String(repeating: "+OK\r\n", count: greetings.count)
            let answer = ByteBuffer(string: isGreeting ? answers : "$10\r\nhalf")
            context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
            guard !isGreeting else { return }
            // Below TLS, nobody says close_notify.
            let tls = try? context.pipeline.syncOperations.context(handlerType: TLSHandler.self)
            (saysGoodbye ? context : tls ?? context).close(promise: nil)
        }
    }

    let port: Int
    private let listener: any Channel

    init(_ issued: TestAuthority.Issued, saysGoodbye: Bool) async throws {
        let files = CertificateFiles(certificate: issued.certificate, key: issued.key)
        let certificate = try ServerCertificate(files, now: Int64(Date.now.timeIntervalSince1970) + 1)
        let tls = try TLSServer([certificate], clock: { 0 })
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handlers: [any ChannelHandler] = [
                        try tls.handler(within: nil), Connection(saysGoodbye: saysGoodbye),
                    ]
                    try channel.pipeline.syncOperations.addHandlers(handlers)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
    }

    func close() async throws { try await listener.close() }
}
