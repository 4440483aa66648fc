import Compression
import RelayCore
import WireProtocol

extension SimulatedConnection {
    /// As an agent does that negotiated it.
    func compresses(with algorithm: CompressionAlgorithm) -> SimulatedConnection {
        connection?.outbox.compression = algorithm
        return self
    }
}

extension ReceivedMessage {
    /// nil where the envelope is compressed and is not what its head says.
    var envelope: [UInt8]? {
        let rest = Array(rest.dropFirst(flags.contains(.traced) ? TraceContext.byteCount : 0))
        return flags.contains(.compressed) ? SampleEnvelope.inflated(rest) : rest
    }
}

/// Envelopes that shrink.
enum SampleEnvelope {
    static func text(bytes: Int) -> [UInt8] {
        let line = Array(#"{"role":"agent","content":"the quick brown fox"},"#.utf8)
        return (0..<bytes).map { line[$0 % line.count] }
    }

    /// With its head.
    static func compressed(
        _ envelope: [UInt8],
        _ algorithm: CompressionAlgorithm,
        claimedSize: Int? = nil
    ) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: CompressedHead.byteCount + envelope.count)
        CompressedHead(algorithm: algorithm, originalSize: claimedSize ?? envelope.count).write(to: &output)
        let written = envelope.withUnsafeBytes { envelope in
            output.withUnsafeMutableBytes { output in
                let space = UnsafeMutableRawBufferPointer(rebasing: output[CompressedHead.byteCount...])
                return Codec().compress(envelope, algorithm, into: space)
            }
        }
        return Array(output.prefix(CompressedHead.byteCount + (written ?? 0)))
    }

    static func inflated(_ bytes: [UInt8]) -> [UInt8]? {
        let head = bytes.withUnsafeBytes { CompressedHead(decoding: $0.baseAddress!) }
        guard let algorithm = head.algorithm else { return nil }
        var output = [UInt8](repeating: 0, count: head.originalSize)
        let isWhole: Void? = bytes.withUnsafeBytes { bytes in
            output.withUnsafeMutableBytes { output in
                let data = UnsafeRawBufferPointer(rebasing: bytes[CompressedHead.byteCount...])
                return try? Codec().inflate(data, algorithm, into: output)
            }
        }
        return isWhole == nil ? nil : output
    }
}
