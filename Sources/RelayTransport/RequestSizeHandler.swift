import NIOCore

/// Bounds the bytes of a socket's one request. What follows a whole request head is no longer part of it.
final class RequestSizeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    struct Exceeded: Error {}

    static let maxBytes = 16 * 1024
    private let upgrade: UpgradeHandler
    private var isExceeded = false

    init(upgrade: UpgradeHandler) { self.upgrade = upgrade }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isExceeded else { return }
        var buffer = unwrapInboundIn(data)
        let room = max(0, Self.maxBytes - upgrade.bytesRead)
        upgrade.bytesRead += buffer.readableBytes
        // As much as a head may have goes to the parser, which is what knows where the head ends.
        if let head = buffer.readSlice(length: min(room, buffer.readableBytes)) {
            context.fireChannelRead(wrapInboundOut(head))
        }
        guard buffer.readableBytes > 0 else { return }
        guard upgrade.isAwaitingHead else { return context.fireChannelRead(wrapInboundOut(buffer)) }
        isExceeded = true
        context.fireErrorCaught(Exceeded())
    }
}
