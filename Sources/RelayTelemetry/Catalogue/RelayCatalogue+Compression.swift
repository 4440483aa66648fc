import Compression
import Telemetry
import WireProtocol

extension RelayCatalogue {
    static let compression = [
        compressionInput, compressionOutput, compressionTime, compressionFailures, compressionWaits,
    ]

    private static let compressionLabels = [
        LabelDimension("algorithm", CompressionAlgorithm.allCases.map(\.name) + ["deflate"]),
        LabelDimension("operation", CompressionWork.Operation.allCases.map(\.label)),
    ]

    static let compressionInput = MetricDeclaration.counter(
        "moltrelay_compression_input_bytes_total",
        unit: .bytes,
        labels: compressionLabels,
        help:
            "Bytes of envelopes, or with deflate of WebSocket messages, that were compressed, inflated, or probed in vain for whether they shrink."
    )
    static let compressionOutput = MetricDeclaration.counter(
        "moltrelay_compression_output_bytes_total",
        unit: .bytes,
        labels: compressionLabels,
        help: "Bytes that came of them. Output through input is the ratio."
    )
    static let compressionTime = MetricDeclaration.histogram(
        "moltrelay_compression_cpu_seconds",
        unit: .seconds,
        bounds: [0.000_005, 0.000_02, 0.000_1, 0.000_5, 0.002, 0.01, 0.05, 0.2],
        labels: compressionLabels,
        help: "CPU time for one envelope or WebSocket message."
    )
    static let compressionFailures = MetricDeclaration.counter(
        "moltrelay_compression_failures_total",
        labels: [LabelDimension("cause", CompressionFlaw.allCases.map(\.rawValue))],
        help: "Compressed envelopes that are not what their head says: a wrong algorithm or ENCRYPTED (head), another "
            + "size, what the algorithm cannot read, bytes behind the end."
    )
    static let compressionWaits = MetricDeclaration.counter(
        "moltrelay_compression_waits_total",
        help: "Times large envelopes waited because as much as may be was being compressed or inflated already."
    )
}

extension CompressionWork.Operation {
    var label: String {
        switch self {
        case .compress: "compress"
        case .inflate: "inflate"
        case .probe: "probe"
        }
    }

    var place: Int {
        switch self {
        case .compress: 0
        case .inflate: 1
        case .probe: 2
        }
    }
}

extension CompressionWork {
    /// Among the series of its two labels.
    var place: Int {
        (algorithm.map { Int($0.rawValue) - 1 } ?? CompressionAlgorithm.allCases.count) * Operation.allCases.count
            + operation.place
    }
}
