import Compression
import WireProtocol

/// Compresses envelopes for one connection, in the algorithm it negotiated.
struct EnvelopeCompression {
    let algorithm: CompressionAlgorithm
    let threshold: Int
    private let codec = Codec()

    init(algorithm: CompressionAlgorithm, threshold: Int) {
        self.algorithm = algorithm
        self.threshold = threshold
    }

    /// The head and the data that stand for the envelope; nil where it is sent as it is.
    func compressed(_ message: OutgoingMessage) -> [UInt8]? {
        let envelope = message.envelope
        guard !message.isEncrypted, envelope.count > max(threshold, CompressedHead.byteCount) else { return nil }
        let head = CompressedHead(algorithm: algorithm, originalSize: envelope.count)
        var written: Int?
        let bytes = [UInt8](unsafeUninitializedCapacity: envelope.count) { output, count in
            let space = UnsafeMutableRawBufferPointer(output)
            head.write(to: space.baseAddress!)
            let data = UnsafeMutableRawBufferPointer(rebasing: space[CompressedHead.byteCount...])
            written = envelope.withUnsafeBytes { codec.compress($0, algorithm, into: data) }
            count = CompressedHead.byteCount + (written ?? 0)
        }
        // What it took is of interest to a relay, which does it for many.
        _ = codec.takeWork()
        return written == nil ? nil : bytes
    }
}

/// The envelope behind a compressed head, as its sender gave it.
enum EnvelopeInflation {
    /// - Parameter bytes: the head and what follows it, of the algorithm that was negotiated.
    static func inflate(_ bytes: ArraySlice<UInt8>) throws(CompressionFlaw) -> [UInt8] {
        guard bytes.count >= CompressedHead.byteCount else { throw .corrupt }
        let head = bytes.withUnsafeBytes { CompressedHead(decoding: $0.baseAddress!) }
        guard let algorithm = head.algorithm else { throw .head }
        guard head.originalSize <= FrameHeader.maxPayloadBytes else { throw .size }
        var flaw: CompressionFlaw?
        let envelope = [UInt8](unsafeUninitializedCapacity: max(head.originalSize, 1)) { output, count in
            let space = UnsafeMutableRawBufferPointer(output)
            let target = UnsafeMutableRawBufferPointer(rebasing: space[..<head.originalSize])
            bytes.withUnsafeBytes { bytes in
                let data = UnsafeRawBufferPointer(rebasing: bytes[CompressedHead.byteCount...])
                do throws(CompressionFlaw) {
                    try Codec().inflate(data, algorithm, into: target)
                    count = head.originalSize
                } catch {
                    flaw = error
                }
            }
        }
        if let flaw { throw flaw }
        return envelope
    }
}
