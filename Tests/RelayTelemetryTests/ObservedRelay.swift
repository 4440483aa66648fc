import RelayCore
import RelayTelemetry
import Synchronization
import Telemetry

/// A registry with the whole catalogue and an observer for each loop; scrapes are read back from their text.
final class ObservedRelay {
    let instruments: RelayInstruments
    let readings: RelayReadings
    let observers: [LoopObserver]
    private let exposition: MetricExposition
    private let tables: Tables

    /// What the relay's own tables would say.
    final class Tables: Sendable {
        let loops = Mutex(RelayReadings.Loops())
        let store = Mutex(StoreTotals())
        let logs = Mutex(RelayReadings.Logs())
        let configuration = Mutex(SelfReadings.Configuration())
        let spansLost = Mutex<[ExportLoss: UInt64]>([:])
        let spansSent = Mutex<UInt64>(0)
        let audit = Mutex(SelfReadings.Audit())
        let traces: MessageTraces

        init(_ settings: TraceSettings) { traces = MessageTraces(settings) }
    }

    static let wallClock: UnixMilliseconds = 1_800_000_000_000

    var traces: MessageTraces { tables.traces }

    /// - Parameter settings: nil where nothing is traced.
    init(loops: Int = 2, _ settings: TraceSettings? = nil) throws {
        let tables = Tables(settings ?? TraceSettings())
        let traces = settings.map { _ in tables.traces }
        let registry = MetricRegistry(shards: loops)
        let readings = RelayReadings(
            loops: { tables.loops.withLock { $0 } },
            store: { tables.store.withLock { $0 } },
            counts: {
                var counts = RelayReadings.Store()
                counts.files = .init(databaseBytes: 0, logBytes: 0)
                return counts
            },
            logs: { tables.logs.withLock { $0 } },
            clock: {
                var clock = RelayReadings.Clock()
                clock.now = Self.wallClock
                return clock
            }
        )
        self.tables = tables
        let selfReadings = SelfReadings(
            configuration: { tables.configuration.withLock { $0 } },
            volumes: ["store", "log"].map { SelfReadings.Volume(name: $0) { 1 << 30 } },
            spansLost: { cause in tables.spansLost.withLock { $0[cause] ?? 0 } },
            traces: {
                var totals = tables.traces.totals(at: 0)
                totals.sent(tables.spansSent.withLock { $0 }, to: .otlp)
                return totals
            },
            audit: { tables.audit.withLock { $0 } }
        )
        let instruments = try RelayInstruments(
            registry: registry,
            readings: readings,
            selfReadings: selfReadings,
            build: .example
        )
        self.instruments = instruments
        self.readings = readings
        observers = (0..<loops).map { instruments.observer(loop: $0, traces: traces) }
        exposition = try MetricExposition(registry: registry, selfPrefix: RelayCatalogue.selfPrefix)
    }

    /// One tick of a loop.
    func state(
        _ facts: [MessageFact],
        loop: Int = 0,
        with events: [RelayEvent] = [],
        at now: MonotonicNanoseconds = 0
    ) {
        facts.withUnsafeBufferPointer { facts in
            events.withUnsafeBufferPointer { observers[loop].observe(messages: facts, events: $0, at: now) }
        }
    }

    func note(_ events: [RelayEvent], loop: Int = 0) {
        events.withUnsafeBufferPointer { events in
            observers[loop].observe(messages: UnsafeBufferPointer(start: nil, count: 0), events: events, at: 0)
        }
    }

    func set(_ loops: RelayReadings.Loops) { tables.loops.withLock { $0 = loops } }
    func set(_ totals: StoreTotals) { tables.store.withLock { $0 = totals } }
    func set(_ configuration: SelfReadings.Configuration) { tables.configuration.withLock { $0 = configuration } }
    func loseSpans(_ cause: ExportLoss, _ count: UInt64) {
        tables.spansLost.withLock { $0[cause, default: 0] += count }
    }
    func set(_ audit: SelfReadings.Audit) { tables.audit.withLock { $0 = audit } }
    func sendSpans(_ count: UInt64) { tables.spansSent.withLock { $0 += count } }
    func set(_ logs: RelayReadings.Logs) { tables.logs.withLock { $0 = logs } }

    func scrape(_ format: ExpositionFormat = .text) -> [UInt8] {
        exposition.scrape(accept: format.contentType)?.body ?? []
    }

    /// By sample name with labels, as in the text.
    func samples() -> [String: Double] {
        let lines = String(decoding: scrape(), as: UTF8.self).split(separator: "\n")
        return lines.reduce(into: [:]) { samples, line in
            guard !line.hasPrefix("#"), let space = line.lastIndex(of: " ") else { return }
            samples[String(line[..<space])] = Double(line[line.index(after: space)...])
        }
    }

    /// What the relay's own series did between two scrapes: those of the process and of telemetry move by themselves.
    func changes(during body: () -> Void) -> [String: Double] {
        let before = samples()
        body()
        return samples().reduce(into: [:]) { changes, sample in
            let isOwn = sample.key.hasPrefix("moltrelay_") && !sample.key.hasPrefix("moltrelay_scrape_")
            guard isOwn, before[sample.key] != sample.value else { return }
            changes[sample.key] = sample.value - (before[sample.key] ?? .nan)
        }
    }
}
