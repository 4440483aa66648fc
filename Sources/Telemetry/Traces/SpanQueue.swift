import Synchronization

/// Spans on their way to one exporter. Takes from any thread without waiting; what finds it full is lost and counted.
public final class SpanQueue: Sendable {
    private struct State {
        var spans: [SpanRecord] = []
        var bytes = 0
    }

    public let maxBytes: Int
    private let state = Mutex(State())
    private let lost = Atomic<UInt64>(0)

    /// - Parameter maxBytes: bound of what waits, as `SpanRecord.byteCount` counts it.
    public init(maxBytes: Int = 4 << 20) { self.maxBytes = maxBytes }

    /// Spans of one trace stay together: all are taken or none.
    /// - Returns: whether they were taken.
    @discardableResult
    public func append(_ spans: [SpanRecord]) -> Bool {
        let bytes = spans.reduce(0) { $0 + $1.byteCount }
        let isTaken = state.withLock { state in
            guard state.bytes + bytes <= maxBytes else { return false }
            state.spans += spans
            state.bytes += bytes
            return true
        }
        if !isTaken { lost.add(UInt64(spans.count), ordering: .relaxed) }
        return isTaken
    }

    /// The oldest, at most `limit`.
    func take(upTo limit: Int) -> [SpanRecord] {
        state.withLock { state in
            let taken = Array(state.spans.prefix(limit))
            state.spans.removeFirst(taken.count)
            state.bytes -= taken.reduce(0) { $0 + $1.byteCount }
            return taken
        }
    }

    public var count: Int { state.withLock { $0.spans.count } }
    /// Spans that found it full.
    public var overflowed: UInt64 { lost.load(ordering: .relaxed) }
}
