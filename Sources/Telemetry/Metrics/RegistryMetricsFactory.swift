public import CoreMetrics

/// swift-metrics over a registry. Labels become names (`http.requests` is `http_requests_total`), dimensions become
/// labels, both within the registry's series budget. Counters never go back: `reset` does nothing, and what is
/// destroyed stays in the scrape, since a server would read its disappearance as a restart.
public struct RegistryMetricsFactory: MetricsFactory {
    private let registry: MetricRegistry
    private let durations: DynamicHistogram
    private let values: DynamicHistogram

    /// - Parameters:
    ///   - durationBounds: of timers, in seconds.
    ///   - valueBounds: of aggregating recorders, in whatever they record, to a thousandth.
    public init(
        registry: MetricRegistry,
        durationBounds: [Double] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
        valueBounds: [Double] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]
    ) throws(MetricDeclarationError) {
        self.registry = registry
        durations = try DynamicHistogram(bounds: durationBounds, unit: .seconds)
        values = try DynamicHistogram(bounds: valueBounds, unit: .thousandths)
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let name = MetricNames.name(label, suffix: "_total")
        let declaration = MetricDeclaration.counter(name, help: MetricNames.help(label))
        return RegistryCounter(counter: SharedCounter(cells: cells(declaration, dimensions)))
    }

    public func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        let declaration = MetricDeclaration(
            name: MetricNames.name(label, suffix: "_total"),
            kind: .floatingCounter,
            unit: .none,
            help: MetricNames.help(label),
            labels: []
        )
        return RegistryFloatingCounter(sum: SharedGauge(cells: cells(declaration, dimensions)))
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        RegistryGauge(gauge: gauge(label, dimensions))
    }

    public func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else { return RegistryGauge(gauge: gauge(label, dimensions)) }
        return RegistryHistogram(histogram: histogram(label, suffix: "", dimensions, values), unit: values.unit)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let histogram = histogram(label, suffix: "_seconds", dimensions, durations)
        return RegistryHistogram(histogram: histogram, unit: durations.unit)
    }

    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> SharedGauge {
        let declaration = MetricDeclaration.gauge(MetricNames.name(label), help: MetricNames.help(label))
        return SharedGauge(cells: cells(declaration, dimensions))
    }

    private func histogram(
        _ label: String,
        suffix: String,
        _ dimensions: [(String, String)],
        _ kind: DynamicHistogram
    ) -> SharedHistogram {
        let declaration = MetricDeclaration.histogram(
            MetricNames.name(label, suffix: suffix),
            unit: kind.unit,
            bounds: kind.bounds,
            help: MetricNames.help(label)
        )
        let cells = cells(declaration, dimensions, kind.shape)
        return SharedHistogram(cells: cells, layout: kind.shape.layout, exemplars: nil)
    }

    private func cells(
        _ declaration: MetricDeclaration,
        _ dimensions: [(String, String)],
        _ shape: HistogramShape? = nil
    ) -> SeriesCells {
        registry.dynamicSeries(declaration, labels: MetricNames.labels(dimensions), shape: shape)
    }
}

/// The buckets all histograms of one kind share.
private struct DynamicHistogram: Sendable {
    let bounds: [Double]
    let unit: MetricUnit
    let shape: HistogramShape

    init(bounds: [Double], unit: MetricUnit) throws(MetricDeclarationError) {
        try MetricDeclaration.histogram("bounds", unit: unit, bounds: bounds, help: "").check()
        self.bounds = bounds
        self.unit = unit
        shape = HistogramShape(bounds: bounds, unit: unit)
    }
}

private final class RegistryCounter: CounterHandler {
    let counter: SharedCounter
    init(counter: SharedCounter) { self.counter = counter }

    func increment(by amount: Int64) { counter.add(UInt64(max(amount, 0))) }
    func reset() {}
}

private final class RegistryFloatingCounter: FloatingPointCounterHandler {
    let sum: SharedGauge
    init(sum: SharedGauge) { self.sum = sum }

    /// Neither a number below zero nor none at all may spoil a total for good.
    func increment(by amount: Double) {
        if amount > 0, amount.isFinite { sum.add(amount) }
    }

    func reset() {}
}

private final class RegistryGauge: MeterHandler, RecorderHandler {
    let gauge: SharedGauge
    init(gauge: SharedGauge) { self.gauge = gauge }

    func set(_ value: Int64) { gauge.set(Double(value)) }
    func set(_ value: Double) { gauge.set(value) }
    func increment(by amount: Double) { gauge.add(amount) }
    func decrement(by amount: Double) { gauge.add(-amount) }
    func record(_ value: Int64) { gauge.set(Double(value)) }
    func record(_ value: Double) { gauge.set(value) }
}

private final class RegistryHistogram: RecorderHandler, TimerHandler {
    let histogram: SharedHistogram
    let unit: MetricUnit

    init(histogram: SharedHistogram, unit: MetricUnit) {
        self.histogram = histogram
        self.unit = unit
    }

    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { histogram.observe(exact: value * unit.ticksPerUnit) }
    func recordNanoseconds(_ duration: Int64) { histogram.observe(UInt64(max(duration, 0))) }
}
