/// What an envelope may be compressed with (protocol section 9). The value stands before the data.
public enum CompressionAlgorithm: UInt8, Sendable, CaseIterable {
    case lz4 = 0x01
    case zstd = 0x02
    case brotli = 0x03

    public var name: String {
        switch self {
        case .lz4: "lz4"
        case .zstd: "zstd"
        case .brotli: "brotli"
        }
    }
}

/// The five bytes before the data of a COMPRESSED envelope (protocol section 4).
public struct CompressedHead: Equatable, Sendable {
    public static let byteCount = 5

    /// A value of `CompressionAlgorithm`, or what a peer makes of one.
    public var algorithmCode: UInt8
    /// Bytes of the envelope once it is inflated, as its sender says.
    public var originalSize: Int

    public var algorithm: CompressionAlgorithm? { CompressionAlgorithm(rawValue: algorithmCode) }

    public init(algorithm: CompressionAlgorithm, originalSize: Int) {
        algorithmCode = algorithm.rawValue
        self.originalSize = originalSize
    }

    /// - Parameter bytes: at least 5, unmasked.
    public init(decoding bytes: UnsafeRawPointer) {
        algorithmCode = bytes.load(as: UInt8.self)
        originalSize = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
    }

    /// Writes 5 bytes.
    public func write(to destination: UnsafeMutableRawPointer) {
        destination.storeBytes(of: algorithmCode, as: UInt8.self)
        destination.storeBytes(of: UInt32(clamping: originalSize).bigEndian, toByteOffset: 1, as: UInt32.self)
    }
}

extension FrameHeader {
    /// Of a MESSAGE's payload, what comes before the envelope or its compressed head: routing header, trace context.
    public var envelopeOffset: Int { flags.envelopeOffset }
}

extension FrameFlags {
    public var envelopeOffset: Int { RoutingHeader.byteCount + (contains(.traced) ? TraceContext.byteCount : 0) }
}

extension InboundFrame {
    /// Of a COMPRESSED MESSAGE; nil where it is none or too short for one.
    public var compressedHead: CompressedHead? {
        let start = header.envelopeOffset
        guard header.flags.contains(.compressed), header.payloadLength >= start + CompressedHead.byteCount else {
            return nil
        }
        var plain: UInt64 = 0
        return withUnsafeMutableBytes(of: &plain) { plain in
            payload[start..<start + CompressedHead.byteCount].copy(to: plain.baseAddress!)
            return CompressedHead(decoding: plain.baseAddress!)
        }
    }
}
