import Synchronization

/// What the exposition says about itself. Values of one scrape show in the next.
public struct ExpositionMetrics: Sendable {
    let scrapeDuration: SharedHistogram
    let lines: SharedGauge
    let bodyBytes: SharedGauge

    init(registry: MetricRegistry, prefix: String) throws(MetricDeclarationError) {
        let declarations = Declarations(prefix: prefix)
        scrapeDuration = try registry.histogram(declarations.scrapeDuration).shared()
        lines = try registry.gauge(declarations.lines).shared()
        bodyBytes = try registry.gauge(declarations.bodyBytes).shared()
        let folded = try registry.counter(declarations.folded).shared()
        let refused = try registry.counter(declarations.refused).shared()
        registry.beforeScrape { [weak registry] in
            guard let overflow = registry?.dynamicOverflow else { return }
            folded.raise(to: overflow.folded)
            refused.raise(to: overflow.refused)
        }
    }

    /// The declarations, for a catalogue.
    public static func declarations(prefix: String) -> [MetricDeclaration] {
        let all = Declarations(prefix: prefix)
        return [all.scrapeDuration, all.lines, all.bodyBytes, all.folded, all.refused]
    }
}

private struct Declarations {
    let prefix: String

    var scrapeDuration: MetricDeclaration {
        .histogram(
            prefix + "scrape_duration_seconds",
            unit: .seconds,
            bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1],
            help: "Time to read, encode and compress a scrape."
        )
    }

    var lines: MetricDeclaration {
        .gauge(prefix + "series", help: "Series of the last scrape, each bucket one.")
    }

    var bodyBytes: MetricDeclaration {
        .gauge(prefix + "scrape_body_bytes", unit: .bytes, help: "Size of the last scrape before compression.")
    }

    var folded: MetricDeclaration {
        .counter(
            prefix + "series_folded_total",
            help: "Instruments that share their family's series `other` because the series budget was spent."
        )
    }

    var refused: MetricDeclaration {
        .counter(
            prefix + "instruments_refused_total",
            help: "Instruments no scrape shows: the series budget was spent, or name and kind were impossible."
        )
    }
}

extension MetricRegistry {
    var dynamicOverflow: (folded: UInt64, refused: UInt64) {
        state.withLock { ($0.dynamic.folded, $0.dynamic.refused) }
    }
}
