import Synchronization

/// What the exposition says about itself. Values of one scrape show in the next.
public struct ExpositionMetrics: Sendable {
    private let durations: HistogramFamily
    private let answers: CounterFamily
    private let bodyBytes: GaugeFamily
    private let series, inProgress: SharedGauge

    init(registry: MetricRegistry, prefix: String) throws(MetricDeclarationError) {
        let declarations = Declarations(prefix: prefix)
        durations = try registry.histogram(declarations.durations)
        answers = try registry.counter(declarations.answers)
        bodyBytes = try registry.gauge(declarations.bodyBytes)
        series = try registry.gauge(declarations.series).shared()
        inProgress = try registry.gauge(declarations.inProgress).shared()
        let folded = try registry.counter(declarations.folded).shared()
        let refused = try registry.counter(declarations.refused).shared()
        registry.beforeScrape { [weak registry] in
            guard let overflow = registry?.dynamicOverflow else { return }
            folded.raise(to: overflow.folded)
            refused.raise(to: overflow.refused)
        }
    }

    func began() { inProgress.add(1) }

    func wrote(bytes: Int, series: Int, _ format: ExpositionFormat) {
        self.series.set(Double(series))
        bodyBytes.shared(format.place).set(Double(bytes))
    }

    func ended(_ response: ScrapeResponse, nanoseconds: UInt64) {
        durations.shared(response.format.place).observe(nanoseconds)
        let encodings = Declarations.encodings.count
        answers.shared(response.format.place * encodings + (response.contentEncoding == nil ? 0 : 1)).add()
        inProgress.add(-1)
    }

    /// The declarations, for a catalogue.
    public static func declarations(prefix: String) -> [MetricDeclaration] {
        let all = Declarations(prefix: prefix)
        return [all.durations, all.answers, all.bodyBytes, all.series, all.inProgress, all.folded, all.refused]
    }
}

extension ExpositionFormat {
    fileprivate var place: Int {
        switch self {
        case .text: 0
        case .openMetrics: 1
        case .protobuf: 2
        }
    }
}

private struct Declarations {
    static let formats = LabelDimension("format", ExpositionFormat.allCases.map(\.rawValue))
    static let encodings = ["identity", "gzip"]

    let prefix: String

    var durations: MetricDeclaration {
        .histogram(
            prefix + "scrape_duration_seconds",
            unit: .seconds,
            bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1],
            labels: [Self.formats],
            help: "Time to read, encode and compress a scrape."
        )
    }

    var answers: MetricDeclaration {
        .counter(
            prefix + "scrape_answers_total",
            labels: [Self.formats, LabelDimension("encoding", Self.encodings)],
            help: "Scrapes answered, by format and content encoding."
        )
    }

    var bodyBytes: MetricDeclaration {
        .gauge(
            prefix + "scrape_body_bytes",
            unit: .bytes,
            labels: [Self.formats],
            help: "Size of the last scrape of a format before compression."
        )
    }

    var series: MetricDeclaration {
        .gauge(prefix + "scrape_series", help: "Series of the last scrape, each bucket one.")
    }

    var inProgress: MetricDeclaration {
        .gauge(prefix + "scrape_in_progress", help: "Scrapes being answered, the one that shows this included.")
    }

    var folded: MetricDeclaration {
        .counter(
            prefix + "telemetry_series_folded_total",
            help: "Instruments that share their family's series `other` because the series budget was spent."
        )
    }

    var refused: MetricDeclaration {
        .counter(
            prefix + "telemetry_instruments_refused_total",
            help: "Instruments no scrape shows: the series budget was spent, or name and kind were impossible."
        )
    }
}

extension MetricRegistry {
    var dynamicOverflow: (folded: UInt64, refused: UInt64) {
        state.withLock { ($0.dynamic.folded, $0.dynamic.refused) }
    }
}
