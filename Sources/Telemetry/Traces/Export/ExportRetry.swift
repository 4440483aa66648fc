/// What is to be done about one batch after each attempt to send it. Time and chance are arguments.
struct ExportRetry: Equatable {
    enum Action: Equatable {
        case taken
        /// Try again after so many nanoseconds.
        case wait(UInt64)
        case lost(ExportLoss)
    }

    static let maxAttempts = 6
    static let firstWait: UInt64 = 500_000_000
    static let longestWait: UInt64 = 30_000_000_000
    /// A batch older than this is not worth a late place in the trace store.
    static let maxAge: UInt64 = 120_000_000_000

    private let startedAt: UInt64
    private var attempts = 0

    init(at now: UInt64) { startedAt = now }

    /// - Parameters:
    ///   - chance: 0..<1, spreads relays that lost the same collector over time.
    mutating func answered(_ answer: ExportAnswer, at now: UInt64, chance: Double) -> Action {
        attempts += 1
        switch answer {
        case .taken: return .taken
        case .refused: return .lost(.refused)
        case .tooLarge: return .lost(.tooLarge)
        case .unavailable(let asked):
            guard attempts < Self.maxAttempts else { return .lost(.unreachable) }
            let doubled = min(Self.longestWait, Self.firstWait << UInt64(attempts - 1))
            // Half to one and a half times; a collector that asked for more time gets it.
            let spread = UInt64(Double(doubled) * (0.5 + chance))
            let wait = max(spread, min(asked ?? 0, Self.longestWait))
            guard now + wait <= startedAt + Self.maxAge else { return .lost(.unreachable) }
            return .wait(wait)
        }
    }
}

/// What a collector made of a batch.
public enum ExportAnswer: Sendable, Equatable {
    case taken
    /// It will never take this one.
    case refused
    case tooLarge
    /// It was not reached, or asked for another try, perhaps after so many nanoseconds.
    case unavailable(retryAfter: UInt64?)

    /// Of an HTTP answer: 429, 502, 503 and 504 are worth another try (OTLP/HTTP, "Retryable Response Codes"), and so
    /// is 500, which Jaeger's collector answers when its own storage is away.
    public init(status: Int, retryAfterSeconds: UInt64?) {
        switch status {
        case 200..<300: self = .taken
        case 413: self = .tooLarge
        case 429, 500, 502, 503, 504:
            self = .unavailable(retryAfter: retryAfterSeconds.map { min($0, 3_600) * 1_000_000_000 })
        default: self = .refused
        }
    }
}

/// Why spans never arrived. A closed set: it becomes a label.
public enum ExportLoss: String, Sendable, CaseIterable {
    case queueFull = "queue_full"
    case tooLarge = "too_large"
    case refused
    case unreachable
}
