import NIOCore

/// Tells handlers behind the parser that bytes came in, before the parser has made anything of them: a request's time
/// runs from its first byte.
final class ReadTap: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    struct BytesRead: Sendable {
        /// Seen over the reads that it may be spread over.
        var endsInBlankLine: Bool
    }

    private static let blankLine = "\r\n\r\n".utf8
    /// As many bytes as the blank line may begin before a read.
    private var last: [UInt8] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Self.unwrapInboundIn(data).readableBytesView
        let end = last + bytes.suffix(Self.blankLine.count)
        last = Array(end.suffix(Self.blankLine.count - 1))
        let read = BytesRead(endsInBlankLine: end.suffix(Self.blankLine.count).elementsEqual(Self.blankLine))
        context.fireUserInboundEventTriggered(read)
        context.fireChannelRead(data)
    }
}
