/// Prometheus text 0.0.4 and OpenMetrics 1.0, which is the same with a little more.
public struct PrometheusTextEncoder: Sendable {
    private let isOpenMetrics: Bool

    public init(openMetrics: Bool = false) { isOpenMetrics = openMetrics }

    /// Appends the whole exposition. Nothing is allocated for a series once `bytes` has grown to its size.
    public func encode(_ snapshot: MetricSnapshot, into bytes: inout [UInt8]) {
        for family in snapshot.families where family.seriesCount > 0 {
            appendHead(of: family.declaration, to: &bytes)
            switch family.declaration.kind {
            case .counter, .floatingCounter: appendCounters(family, snapshot, to: &bytes)
            case .gauge: appendGauges(family, snapshot, to: &bytes)
            case .histogram: appendHistograms(family, snapshot, to: &bytes)
            }
        }
        if isOpenMetrics { bytes.append(contentsOf: "# EOF\n".utf8) }
    }

    private func appendHead(of declaration: MetricDeclaration, to bytes: inout [UInt8]) {
        let name = isOpenMetrics ? declaration.familyName : declaration.name
        bytes.append(contentsOf: "# HELP ".utf8)
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: " "))
        bytes.appendEscaped(declaration.help, quote: isOpenMetrics)
        bytes.append(contentsOf: "\n# TYPE ".utf8)
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: declaration.kind.typeText.utf8)
        guard isOpenMetrics, let unit = declaration.namedUnit else { return }
        bytes.append(contentsOf: "# UNIT ".utf8)
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: " "))
        bytes.append(contentsOf: unit.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    private func appendCounters(_ family: MetricSnapshot.Family, _ snapshot: MetricSnapshot, to bytes: inout [UInt8]) {
        let declaration = family.declaration
        let digits = declaration.unit.decimalDigits
        let familyName = declaration.familyName
        for series in 0..<family.seriesCount {
            bytes.appendSample(declaration.name, labels: family.labels(of: series).text)
            if declaration.kind == .counter {
                bytes.appendDecimal(snapshot.count(family, series: series), scaledBy: digits)
            } else {
                bytes.appendNumber(snapshot.number(family, series: series))
            }
            bytes.append(UInt8(ascii: "\n"))
            if isOpenMetrics { appendCreated(familyName, family.registered.series[series], to: &bytes) }
        }
    }

    private func appendGauges(_ family: MetricSnapshot.Family, _ snapshot: MetricSnapshot, to bytes: inout [UInt8]) {
        for series in 0..<family.seriesCount {
            bytes.appendSample(family.declaration.name, labels: family.labels(of: series).text)
            bytes.appendNumber(snapshot.number(family, series: series))
            bytes.append(UInt8(ascii: "\n"))
        }
    }

    private func appendHistograms(
        _ family: MetricSnapshot.Family,
        _ snapshot: MetricSnapshot,
        to bytes: inout [UInt8]
    ) {
        guard let shape = family.registered.shape else { return }
        let (name, unit) = (family.declaration.name, family.declaration.unit)
        for (series, registered) in family.registered.series.enumerated() {
            let labels = registered.labels.text
            var cumulative: UInt64 = 0
            for bucket in shape.bounds.indices {
                let count = snapshot.bucket(bucket, family, series: series)
                cumulative += count
                bytes.appendSample(name, suffix: "_bucket", labels: labels, last: shape.boundTexts[bucket])
                bytes.appendDecimal(cumulative)
                if isOpenMetrics, count > 0, let kept = registered.exemplars?.read(bucket: bucket) {
                    bytes.append(kept.exemplar, ticks: kept.ticks, unit: unit)
                }
                bytes.append(UInt8(ascii: "\n"))
            }
            bytes.appendSample(name, suffix: "_sum", labels: labels)
            bytes.appendTicks(snapshot.number(family, series: series), unit: unit)
            bytes.append(UInt8(ascii: "\n"))
            bytes.appendSample(name, suffix: "_count", labels: labels)
            bytes.appendDecimal(cumulative)
            bytes.append(UInt8(ascii: "\n"))
            if isOpenMetrics { appendCreated(name, registered, to: &bytes) }
        }
    }

    private func appendCreated(_ name: String, _ series: RegisteredSeries, to bytes: inout [UInt8]) {
        bytes.appendSample(name, suffix: "_created", labels: series.labels.text)
        bytes.appendDecimal(UInt64(max(series.created, 0)), scaledBy: 3)
        bytes.append(UInt8(ascii: "\n"))
    }
}

extension MetricDeclaration {
    /// The unit where the name ends in it: OpenMetrics has no other.
    var namedUnit: String? {
        let unit = unit.rawValue
        return !unit.isEmpty && familyName.hasSuffix("_" + unit) ? unit : nil
    }
}

extension MetricDeclaration.Kind {
    fileprivate var typeText: String {
        switch self {
        case .counter, .floatingCounter: " counter\n"
        case .gauge: " gauge\n"
        case .histogram: " histogram\n"
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendSample(
        _ name: String,
        suffix: StaticString = "",
        labels: [UInt8],
        last: [UInt8] = []
    ) {
        append(contentsOf: name.utf8)
        append(contentsOf: UnsafeBufferPointer(start: suffix.utf8Start, count: suffix.utf8CodeUnitCount))
        if !labels.isEmpty || !last.isEmpty {
            append(UInt8(ascii: "{"))
            append(contentsOf: labels)
            if !labels.isEmpty, !last.isEmpty { append(UInt8(ascii: ",")) }
            append(contentsOf: last)
            append(UInt8(ascii: "}"))
        }
        append(UInt8(ascii: " "))
    }

    /// Ticks that are a whole number, as they are up to 2^53, come out as exact decimals.
    fileprivate mutating func appendTicks(_ ticks: Double, unit: MetricUnit) {
        guard ticks >= 0, ticks < 0x1p53, ticks == ticks.rounded() else {
            return appendNumber(ticks / unit.ticksPerUnit)
        }
        appendDecimal(UInt64(ticks), scaledBy: unit.decimalDigits)
    }

    /// ` # {trace_id="…",span_id="…"} 0.25 1785000000.125`: 63 of the 128 characters labels may take.
    fileprivate mutating func append(_ exemplar: Exemplar, ticks: UInt64, unit: MetricUnit) {
        append(contentsOf: " # {trace_id=\"".utf8)
        appendHex(exemplar.traceHigh)
        appendHex(exemplar.traceLow)
        if exemplar.span != 0 {
            append(contentsOf: "\",span_id=\"".utf8)
            appendHex(exemplar.span)
        }
        append(contentsOf: "\"} ".utf8)
        appendDecimal(ticks, scaledBy: unit.decimalDigits)
        append(UInt8(ascii: " "))
        appendDecimal(UInt64(Swift.max(exemplar.unixMilliseconds, 0)), scaledBy: 3)
    }
}
