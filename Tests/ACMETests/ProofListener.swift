import CertificateFixture
import NIOCore
import NIOPosix
import RelayTLS

/// A listener as the relay's, which has no certificate yet.
struct ProofListener {
    let tls: TLSServer
    let port: Int
    private let channel: any Channel

    init(port: Int, on group: any EventLoopGroup) async throws {
        let tls = try TLSServer([], clock: { NIODeadline.now().uptimeNanoseconds })
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(tls.handler(within: .seconds(10)))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        self.tls = tls
        self.port = port
    }

    func close() async throws { try await channel.close() }
}
