import Glibc
package import NIOCore

/// Stops accepting for a second where accept(2) fails for want of descriptors or memory.
///
/// SwiftNIO has AcceptBackoffHandler for this, which holds back reads. But where the first accept of a turn fails, a
/// read is still pending (2.101.2, `ServerSocketChannel.readFromSocket`): the socket stays in epoll, no read comes that
/// could be held back, and the loop spins. Measured: 35,000 calls of accept4 in 3 s. Only without `autoRead` does the
/// socket leave epoll.
package final class AcceptPause: ChannelInboundHandler {
    package typealias InboundIn = any Channel

    package static let length = TimeAmount.seconds(1)

    private let told: (_ errno: CInt) -> Void

    /// - Parameter told: on the socket's loop, each time.
    package init(told: @escaping (_ errno: CInt) -> Void = { _ in }) { self.told = told }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode),
            let options = context.channel.syncOptions
        else { return context.fireErrorCaught(error) }
        told(error.errnoCode)
        try? options.setOption(.autoRead, value: false)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.length) {
            try? options.setOption(.autoRead, value: true)
        }
    }
}
