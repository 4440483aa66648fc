/// The extensions this build speaks (protocol section 9).
public enum Extension: String, Sendable, CaseIterable {
    /// Several frames in one WebSocket message, towards the peer.
    case batching
    case binaryAck = "ack:binary"
    case boundAuth = "auth:bound"
    case traceContext = "trace-context"
    case lz4 = "compression:lz4"
    case zstd = "compression:zstd"
    case brotli = "compression:brotli"

    /// As a HELLO spells it: the plain word leaves the algorithm to the protocol.
    private init?(offered word: String) {
        if word == "compression" { self = .zstd } else { self.init(rawValue: word) }
    }

    public init(_ algorithm: CompressionAlgorithm) {
        self =
            switch algorithm {
            case .lz4: .lz4
            case .zstd: .zstd
            case .brotli: .brotli
            }
    }

    var algorithm: CompressionAlgorithm? {
        switch self {
        case .lz4: .lz4
        case .zstd: .zstd
        case .brotli: .brotli
        case .batching, .binaryAck, .boundAuth, .traceContext: nil
        }
    }

    /// What both sides speak, in the order offered; unknown words and repetitions are left out, and so is every
    /// algorithm but the first.
    /// - Parameter compresses: whether any algorithm is spoken here.
    public static func negotiate(offered: [String], compresses: Bool = true) -> [Extension] {
        offered.reduce(into: []) { agreed, word in
            guard let known = Extension(offered: word), !agreed.contains(known) else { return }
            guard known.algorithm == nil || (compresses && agreed.compression == nil) else { return }
            agreed.append(known)
        }
    }
}

extension [Extension] {
    /// The algorithm that was negotiated; nil where there is none.
    public var compression: CompressionAlgorithm? { lazy.compactMap(\.algorithm).first }
}
