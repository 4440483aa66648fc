import Synchronization

/// Sends a queue's spans to one collector, in batches, beside everything else: it waits, nobody waits for it.
public final class SpanExporter: Sendable {
    public struct Request: Sendable {
        public var contentType: String
        public var body: [UInt8]
    }

    /// Delivers one request. Errors are its business: what was not reached is `unavailable`.
    public typealias Send = @Sendable (Request) async -> ExportAnswer

    static let batchSpans = 512

    public let queue: SpanQueue
    private let format: SpanFormat
    private let send: Send
    private let interval: Duration
    private let counts = Mutex(Counts())
    private let sequence = Atomic<Int64>(0)

    private struct Counts {
        var sent: UInt64 = 0
        var batches: UInt64 = 0
        var retries: UInt64 = 0
        var lost: [ExportLoss: UInt64] = [:]
    }

    /// - Parameter interval: how long a span waits for company at most, while the collector is quick.
    public init(
        queue: SpanQueue,
        format: SpanFormat,
        interval: Duration = .seconds(1),
        send: @escaping Send
    ) {
        self.queue = queue
        self.format = format
        self.interval = interval
        self.send = send
    }

    public var sent: UInt64 { counts.withLock { $0.sent } }
    public var retries: UInt64 { counts.withLock { $0.retries } }

    public func lost(_ cause: ExportLoss) -> UInt64 {
        cause == .queueFull ? queue.overflowed : counts.withLock { $0.lost[cause] ?? 0 }
    }

    /// Until it is cancelled. What waits then is left to `flush`.
    public func run() async throws {
        while true {
            try await Task.sleep(for: interval)
            while queue.count > 0, !Task.isCancelled { try await sendBatch() }
        }
    }

    /// Sends what waits, each batch once. Where it is cancelled the rest is lost.
    public func flush() async {
        while true {
            let spans = queue.take(upTo: Self.batchSpans)
            guard !spans.isEmpty else { return }
            if await send(request(spans)) == .taken { taken(spans.count) } else { lose(spans.count, .unreachable) }
        }
    }

    private func sendBatch() async throws {
        let spans = queue.take(upTo: Self.batchSpans)
        let (request, send) = (request(spans), send)
        var retry = ExportRetry(at: Self.now)
        while true {
            // A task of its own: whoever cancels this one still waits for the answer, which has a limit of its own.
            let answer = await Task { await send(request) }.value
            switch retry.answered(answer, at: Self.now, chance: .random(in: 0..<1)) {
            case .taken: return taken(spans.count)
            case .lost(let cause): return lose(spans.count, cause)
            case .wait(let nanoseconds):
                counts.withLock { $0.retries += 1 }
                do { try await Task.sleep(for: .nanoseconds(Int64(nanoseconds))) } catch {
                    lose(spans.count, .unreachable)
                    throw error
                }
            }
        }
    }

    private func request(_ spans: [SpanRecord]) -> Request {
        let number = sequence.add(1, ordering: .relaxed).newValue
        let losses = JaegerBatch.Losses(
            queueFull: lost(.queueFull),
            tooLarge: lost(.tooLarge),
            failedToEmit: lost(.refused) + lost(.unreachable)
        )
        return Request(
            contentType: format.contentType,
            body: format.encode(spans, sequence: number, losses: losses)
        )
    }

    private func taken(_ spans: Int) {
        counts.withLock { counts in
            counts.sent += UInt64(spans)
            counts.batches += 1
        }
    }

    private func lose(_ spans: Int, _ cause: ExportLoss) {
        counts.withLock { $0.lost[cause, default: 0] += UInt64(spans) }
    }

    private static var now: UInt64 {
        // In this order: the start is made at its first use.
        let (seconds, attoseconds) = start.duration(to: .now).components
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }

    private static let start = ContinuousClock.now
}

/// How a collector wants its spans.
public enum SpanFormat: Sendable {
    case jaeger(JaegerBatch)
    case otlpProtobuf(OTLPProtobuf)
    case otlpJSON(OTLPJSON)

    var contentType: String {
        switch self {
        case .jaeger: "application/x-thrift"
        case .otlpProtobuf: "application/x-protobuf"
        case .otlpJSON: "application/json"
        }
    }

    func encode(_ spans: [SpanRecord], sequence: Int64, losses: JaegerBatch.Losses) -> [UInt8] {
        switch self {
        case .jaeger(let batch): batch.encode(spans, sequence: sequence, losses: losses)
        case .otlpProtobuf(let request): request.encode(spans)
        // Nothing in a span is beyond JSON: a number that is not finite was made a text.
        case .otlpJSON(let request): (try? request.encode(spans)) ?? []
        }
    }
}
