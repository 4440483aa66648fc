/// Why a message's trace is kept. A closed set: it becomes a label.
public enum TraceReason: String, Sendable, CaseIterable {
    case ratio
    /// Its sender said that the trace it belongs to is kept.
    case parent
    /// One of its agents is traced by an operator's word.
    case forced
    case slow
    /// Dropped, expired, or sent again because no ACK came.
    case failed

    var place: Int {
        switch self {
        case .ratio: 0
        case .parent: 1
        case .forced: 2
        case .slow: 3
        case .failed: 4
        }
    }
}

/// Why a trace that there was a reason for is not kept.
public enum TraceObstacle: String, Sendable, CaseIterable {
    case rate
    /// The spans' makers are behind.
    case bufferFull = "buffer_full"

    var place: Int {
        switch self {
        case .rate: 0
        case .bufferFull: 1
        }
    }
}
