import NIOCore

/// Bounds the bytes of a socket's one request. What follows a whole request head is no longer part of it.
final class RequestSizeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    struct Exceeded: Error {}

    static let maxBytes = 16 * 1024
    private let upgrade: UpgradeHandler
    private var isExceeded = false

    init(upgrade: UpgradeHandler) { self.upgrade = upgrade }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isExceeded else { return }
        upgrade.bytesRead += unwrapInboundIn(data).readableBytes
        // First to the parser, which is what knows where the head ends; it holds one read more than the bound at most.
        context.fireChannelRead(data)
        guard upgrade.isAwaitingHead, upgrade.bytesRead > Self.maxBytes else { return }
        isExceeded = true
        context.fireErrorCaught(Exceeded())
    }
}
