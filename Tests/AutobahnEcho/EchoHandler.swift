import Compression
import NIOCore
import RelayTransport
import WireProtocol

/// Sends each message back, text and binary, over the relay's WebSocket codec. The relay itself echoes nothing and
/// takes no text, so this is what the Autobahn suite talks to.
final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    static let maxMessageBytes = 32 << 20

    private var decoder = WebSocketDecoder(role: .server)
    private let deflater: Deflater?
    private let inflater = Inflater()
    private var isInflating = false
    private var leftover = ByteBuffer()
    private var kind = WebSocketOpcode.binary
    private var message: [UInt8] = []
    private var text = UTF8Check()
    private var isDone = false

    init(deflate terms: DeflateTerms?) {
        deflater = terms.flatMap { Deflater(windowBits: $0.serverWindowBits ?? 15) }
        decoder.takesDeflated = terms != nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        leftover.writeBuffer(&buffer)
        leftover.readWithUnsafeReadableBytes { bytes in
            var input = bytes
            while !isDone, take(decoder.next(&input), context) {}
            return bytes.count - input.count
        }
        leftover.discardReadBytes()
        context.flush()
    }

    /// - Returns: false where the decoder needs more.
    private func take(_ event: WebSocketDecoder.Event, _ context: ChannelHandlerContext) -> Bool {
        switch event {
        case .needMore: return false
        case .text: kind = .text
        case .data(let piece, let endsMessage) where decoder.isDeflated: inflate(piece, endsMessage, context)
        case .data(let piece, let endsMessage): take(piece.plain, endsMessage: endsMessage, context)
        case .ping(let payload): write(WebSocketEncoder.control(.pong, payload: payload), context)
        case .pong: break
        case .close(let code):
            let empty = WebSocketEncoder.control(.close, payload: [])
            end(with: code.map { WebSocketEncoder.close(code: $0, reason: "") } ?? empty, context)
        case .violation(let violation):
            end(with: WebSocketEncoder.close(code: violation.closeCode, reason: violation.reason), context)
        }
        return true
    }

    private func inflate(_ piece: MaskedBytes, _ endsMessage: Bool, _ context: ChannelHandlerContext) {
        guard let inflater else { return }
        if !isInflating { inflater.beginMessage() }
        isInflating = !endsMessage
        let took: (UnsafeRawBufferPointer) -> Bool = { bytes in
            self.take(Array(bytes), endsMessage: false, context)
            return !self.isDone
        }
        do throws(CompressionFlaw) {
            var rest = piece
            while rest.count > 0, !isDone {
                let part = rest[0..<min(rest.count, Inflater.pieceBytes)]
                part.copy(to: inflater.input.baseAddress!)
                rest.removeFirst(part.count)
                try inflater.inflate(part.count, took)
            }
            if endsMessage { try inflater.endMessage(took) }
            if endsMessage, !isDone { take([], endsMessage: true, context) }
        } catch {
            let violation = WebSocketViolation.deflatedData
            end(with: WebSocketEncoder.close(code: violation.closeCode, reason: violation.reason), context)
        }
    }

    private func take(_ piece: [UInt8], endsMessage: Bool, _ context: ChannelHandlerContext) {
        guard message.count + piece.count <= Self.maxMessageBytes else {
            return end(with: WebSocketEncoder.close(code: 1009, reason: "message too large"), context)
        }
        if kind == .text, !text.takes(piece) || endsMessage && text.isMidCharacter {
            return end(with: WebSocketEncoder.close(code: 1007, reason: "text is not UTF-8"), context)
        }
        message += piece
        guard endsMessage else { return }
        let deflated = message.withUnsafeBytes { plain in deflater?.deflate(plain).map { Array($0) } }
        let isDeflated = deflated != nil
        write(WebSocketEncoder.message(kind, payload: deflated ?? message, isDeflated: isDeflated), context)
        (kind, message) = (.binary, [])
    }

    private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    /// The server closes first (RFC 6455 section 7.1.1), by half: bytes of the peer that nobody reads would make a
    /// whole close a reset, which takes the close frame with it.
    private func end(with frame: [UInt8], _ context: ChannelHandlerContext) {
        isDone = true
        write(frame, context)
        context.flush()
        context.close(mode: .output, promise: nil)
    }
}
