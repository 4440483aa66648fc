import Instrumentation
import Logging
import NIOCore
import NIOPosix
import RelayAdmin
import RelayCore
import RelayTelemetry
import Synchronization
import Telemetry

/// Makes spans of what the event loops found worth a trace, and sends them, beside everything else: a collector that is
/// away or slow costs spans, which are counted, and nothing that carries messages.
final class Tracing: Sendable {
    /// How long what the loops handed on waits for its spans to be made.
    private static let interval = Duration.milliseconds(200)
    private static let lastFlush = Duration.seconds(2)

    let messages: MessageTraces
    /// Of the admin and HTTP listeners, where their senders ask for it: by ratio, probes and scrapes would be most of
    /// what is kept.
    let requests: RequestTracing
    private let exporters: [TraceCollector]
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let clock: @Sendable () -> MonotonicNanoseconds
    private let slowMessages: SlowMessageLog

    /// nil where tracing is off.
    init?(
        _ configuration: Configuration,
        clock: @escaping @Sendable () -> MonotonicNanoseconds,
        logger: Logger
    ) throws {
        guard configuration.tracing.enabled else { return nil }
        messages = MessageTraces(configuration.traceSettings)
        let exporters = try TraceCollector.all(configuration, on: group.next(), logger: logger)
        self.exporters = exporters
        requests = RequestTracing(sampler: RatioSampler(ratio: 0)) { spans in
            for collector in exporters { _ = collector.exporter.queue.append(spans) }
        }
        self.clock = clock
        slowMessages = SlowMessageLog(logger, perSecond: messages.settings.tailPerSecond)
    }

    /// Takes spans that ended, on any thread, for every exporter; does not wait.
    var sink: @Sendable ([SpanRecord]) -> Void { { spans in _ = self.take(spans) } }

    /// For libraries that make spans by swift-distributed-tracing. Once in a process.
    func bootstrap() {
        let sampler = RatioSampler(ratio: messages.settings.ratio)
        InstrumentationSystem.bootstrap(RecordingTracer(sampler: sampler, sink: sink))
    }

    /// Until it is cancelled.
    func run(_ instruments: RelayInstruments) async {
        await withTaskGroup { group in
            for collector in exporters { group.addTask { try? await collector.exporter.run() } }
            group.addTask {
                repeat { self.makeSpans(instruments) } while await Self.rest()
            }
        }
    }

    /// What is left, within `lastFlush`.
    func stop(_ instruments: RelayInstruments) async {
        makeSpans(instruments)
        await withTaskGroup { group in
            group.addTask {
                await withTaskGroup { group in
                    for collector in self.exporters { group.addTask { await collector.exporter.flush() } }
                }
            }
            group.addTask { try? await Task.sleep(for: Self.lastFlush) }
            await group.next()
            group.cancelAll()
        }
        try? await group.shutdownGracefully()
    }

    /// False once it is cancelled.
    private static func rest() async -> Bool {
        do { try await Task.sleep(for: interval) } catch { return false }
        return true
    }

    private func makeSpans(_ instruments: RelayInstruments) {
        let traces = messages.take()
        guard !traces.isEmpty else { return }
        let reading = ClockReading(monotonic: clock(), unixNanoseconds: UInt64(max(0, WallClock.unixNanoseconds())))
        var generator = SystemRandomNumberGenerator()
        for trace in traces {
            guard take(MessageSpans.make(trace, reading, using: &generator)) else { continue }
            slowMessages.write(trace)
            if let exemplar = trace.exemplar(reading) {
                instruments.keep(exemplar, of: trace.timeline, queued: trace.isQueued)
            }
        }
    }

    /// - Returns: whether an exporter took them.
    private func take(_ spans: [SpanRecord]) -> Bool {
        var isTaken = false
        for collector in exporters where collector.exporter.queue.append(spans) { isTaken = true }
        return isTaken
    }
}

extension Tracing {
    /// For scrapes.
    var totals: TraceTotals {
        var totals = messages.totals(at: clock())
        totals.miss(requests.spansOverRate, for: .parent, because: .rate)
        for collector in exporters { totals.sent(collector.exporter.sent, to: collector.name) }
        return totals
    }

    func lost(_ cause: ExportLoss) -> UInt64 { exporters.reduce(0) { $0 + $1.exporter.lost(cause) } }
}

extension Configuration {
    var traceSettings: TraceSettings {
        TraceSettings(
            ratio: tracing.jaeger.sampleRate,
            slow: .milliseconds(UInt64(tracing.slowMilliseconds)),
            perSecond: Double(tracing.tracesPerSecond),
            tailPerSecond: Double(tracing.tailTracesPerSecond)
        )
    }
}
