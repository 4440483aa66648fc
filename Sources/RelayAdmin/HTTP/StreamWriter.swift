import NIOCore
import NIOHTTP1

/// Sends a stream as fast as its reader takes it, and no faster: what a connection holds unsent is bounded by its
/// write buffer's watermark and one piece.
final class StreamWriter {
    /// Lines that come close together go out together.
    private static let pause = TimeAmount.milliseconds(20)

    private let stream: AdminStream
    private let context: ChannelHandlerContext
    private var isWriting = false

    init(_ stream: AdminStream, _ context: ChannelHandlerContext) {
        self.stream = stream
        self.context = context
    }

    /// - Returns: whether something is left that the reader has no room for.
    func write() -> Bool {
        // A flush may change the channel's writability, and so call in here again.
        guard !isWriting else { return false }
        isWriting = true
        defer { isWriting = false }
        while context.channel.isWritable {
            let bytes = stream.next()
            guard !bytes.isEmpty else {
                context.flush()
                waitForMore()
                return false
            }
            let buffer = context.channel.allocator.buffer(bytes: bytes)
            context.write(NIOAny(HTTPServerResponsePart.body(.byteBuffer(buffer))), promise: nil)
        }
        context.flush()
        // Others on this loop get their turn between two buffers full.
        if context.channel.isWritable { goOn(in: .zero) }
        return true
    }

    func end() { stream.end() }

    private func waitForMore() {
        let writer = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loop = context.eventLoop
        stream.whenMore { loop.execute { writer.value.goOn(in: Self.pause) } }
    }

    private func goOn(in time: TimeAmount) {
        context.eventLoop.assumeIsolated().scheduleTask(in: time) {
            self.context.pipeline.fireUserInboundEventTriggered(MoreToStream())
        }
    }
}

/// There may be something to send to the reader of a stream.
struct MoreToStream: Sendable {}
