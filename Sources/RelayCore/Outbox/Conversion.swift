import Compression
import NIOCore
import WireProtocol

/// How a recipient takes envelopes: in the algorithm it negotiated, or plain. What comes in that algorithm is left as
/// it is, and so is what is ENCRYPTED.
struct Conversion: Sendable {
    var algorithm: CompressionAlgorithm?
    /// Envelopes up to this size are not compressed.
    let threshold: Int

    /// On the message path: an answer for the price of two comparisons where nothing is compressed.
    @inline(__always)
    func isNeeded(_ frame: InboundFrame) -> Bool {
        if frame.header.flags.contains(.compressed) {
            return algorithm == nil || frame.compressedHead?.algorithm != algorithm
        }
        guard algorithm != nil else { return false }
        return frame.header.envelopeLength > threshold && !frame.header.flags.contains(.encrypted)
    }

    func isNeeded(_ flags: FrameFlags, _ payload: ByteBuffer) -> Bool {
        if let head = Self.head(flags, payload) { return algorithm == nil || head.algorithm != algorithm }
        guard algorithm != nil, !flags.contains(.encrypted) else { return false }
        return payload.readableBytes - flags.envelopeOffset > threshold
    }

    /// The payload of a MESSAGE as this recipient takes it.
    func convert(
        _ flags: FrameFlags,
        _ payload: ByteBuffer,
        with codec: Codec
    ) throws(CompressionFlaw) -> (flags: FrameFlags, payload: ByteBuffer) {
        var (flags, payload) = (flags, payload)
        if let head = Self.head(flags, payload) {
            payload = try inflated(payload, at: flags.envelopeOffset, head, with: codec)
            flags.remove(.compressed)
        }
        guard isNeeded(flags, payload), let algorithm,
            let smaller = compressed(payload, at: flags.envelopeOffset, algorithm, with: codec)
        else { return (flags, payload) }
        return (flags.union(.compressed), smaller)
    }

    static func head(_ flags: FrameFlags, _ payload: ByteBuffer) -> CompressedHead? {
        let start = flags.envelopeOffset
        guard flags.contains(.compressed), payload.readableBytes >= start + CompressedHead.byteCount else { return nil }
        return payload.withUnsafeReadableBytes { CompressedHead(decoding: $0.baseAddress! + start) }
    }

    private func inflated(
        _ payload: ByteBuffer,
        at start: Int,
        _ head: CompressedHead,
        with codec: Codec
    ) throws(CompressionFlaw) -> ByteBuffer {
        guard let algorithm = head.algorithm else { throw .head }
        var plain = ByteBuffer()
        var flaw: CompressionFlaw?
        plain.reserveCapacity(start + head.originalSize)
        payload.withUnsafeReadableBytes { input in
            plain.writeBytes(input[..<start])
            let data = UnsafeRawBufferPointer(rebasing: input[(start + CompressedHead.byteCount)...])
            plain.writeWithUnsafeMutableBytes(minimumWritableBytes: head.originalSize) { space in
                let output = UnsafeMutableRawBufferPointer(rebasing: space[..<head.originalSize])
                do throws(CompressionFlaw) {
                    try codec.inflate(data, algorithm, into: output)
                } catch {
                    flaw = error
                }
                return head.originalSize
            }
        }
        if let flaw { throw flaw }
        return plain
    }

    /// nil where that saves nothing.
    private func compressed(
        _ payload: ByteBuffer,
        at start: Int,
        _ algorithm: CompressionAlgorithm,
        with codec: Codec
    ) -> ByteBuffer? {
        let originalSize = payload.readableBytes - start
        var smaller = ByteBuffer()
        smaller.reserveCapacity(payload.readableBytes)
        let written = payload.withUnsafeReadableBytes { input in
            smaller.writeBytes(input[..<start])
            let head = CompressedHead(algorithm: algorithm, originalSize: originalSize)
            smaller.writeWithUnsafeMutableBytes(minimumWritableBytes: CompressedHead.byteCount) { space in
                head.write(to: space.baseAddress!)
                return CompressedHead.byteCount
            }
            let room = originalSize - CompressedHead.byteCount
            guard room > 0 else { return 0 }
            let envelope = UnsafeRawBufferPointer(rebasing: input[start...])
            return smaller.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { space in
                codec.compress(envelope, algorithm, into: UnsafeMutableRawBufferPointer(rebasing: space[..<room])) ?? 0
            }
        }
        return written > 0 ? smaller : nil
    }
}
