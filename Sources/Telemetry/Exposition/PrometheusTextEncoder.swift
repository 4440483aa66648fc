/// Prometheus text format 0.0.4.
public struct PrometheusTextEncoder: Sendable {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// `le="0.01"` by family, made when a histogram is first seen.
    private var boundTexts: [String: [[UInt8]]] = [:]

    public init() {}

    /// Appends the whole exposition. Nothing is allocated for a series once `bytes` has grown to its size.
    public mutating func encode(_ snapshot: MetricSnapshot, into bytes: inout [UInt8]) {
        for family in snapshot.families where family.seriesCount > 0 {
            appendHead(of: family.declaration, to: &bytes)
            switch family.declaration.kind {
            case .counter: appendCounters(family, snapshot, to: &bytes)
            case .gauge: appendGauges(family, snapshot, to: &bytes)
            case .histogram(let bounds): appendHistograms(family, snapshot, bounds: bounds, to: &bytes)
            }
        }
    }

    private func appendHead(of declaration: MetricDeclaration, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "# HELP ".utf8)
        bytes.append(contentsOf: declaration.name.utf8)
        bytes.append(UInt8(ascii: " "))
        bytes.appendEscaped(declaration.help, quote: false)
        bytes.append(contentsOf: "\n# TYPE ".utf8)
        bytes.append(contentsOf: declaration.name.utf8)
        bytes.append(contentsOf: declaration.kind.typeText.utf8)
    }

    private func appendCounters(_ family: MetricSnapshot.Family, _ snapshot: MetricSnapshot, to bytes: inout [UInt8]) {
        let digits = family.declaration.unit.decimalDigits
        for series in 0..<family.seriesCount {
            bytes.appendSample(family.declaration.name, labels: family.labels(of: series).text)
            bytes.appendDecimal(snapshot.count(family, series: series), scaledBy: digits)
            bytes.append(UInt8(ascii: "\n"))
        }
    }

    private func appendGauges(_ family: MetricSnapshot.Family, _ snapshot: MetricSnapshot, to bytes: inout [UInt8]) {
        for series in 0..<family.seriesCount {
            bytes.appendSample(family.declaration.name, labels: family.labels(of: series).text)
            bytes.appendNumber(snapshot.number(family, series: series))
            bytes.append(UInt8(ascii: "\n"))
        }
    }

    private mutating func appendHistograms(
        _ family: MetricSnapshot.Family,
        _ snapshot: MetricSnapshot,
        bounds: [Double],
        to bytes: inout [UInt8]
    ) {
        let name = family.declaration.name
        let texts = boundTexts[name] ?? Self.texts(of: bounds)
        boundTexts[name] = texts
        for series in 0..<family.seriesCount {
            let labels = family.labels(of: series).text
            var cumulative: UInt64 = 0
            for bucket in texts.indices {
                cumulative += snapshot.bucket(bucket, family, series: series)
                bytes.appendSample(name, suffix: "_bucket", labels: labels, last: texts[bucket])
                bytes.appendDecimal(cumulative)
                bytes.append(UInt8(ascii: "\n"))
            }
            bytes.appendSample(name, suffix: "_sum", labels: labels)
            bytes.appendTicks(snapshot.sum(family, series: series), unit: family.declaration.unit)
            bytes.append(UInt8(ascii: "\n"))
            bytes.appendSample(name, suffix: "_count", labels: labels)
            bytes.appendDecimal(cumulative)
            bytes.append(UInt8(ascii: "\n"))
        }
    }

    private static func texts(of bounds: [Double]) -> [[UInt8]] {
        (bounds + [.infinity]).map { Array("le=\"\(bucketBoundText($0))\"".utf8) }
    }
}

extension MetricDeclaration.Kind {
    fileprivate var typeText: String {
        switch self {
        case .counter: " counter\n"
        case .gauge: " gauge\n"
        case .histogram: " histogram\n"
        }
    }
}

extension MetricUnit {
    /// Of a tick, after the point.
    var decimalDigits: Int {
        switch self {
        case .none, .bytes: 0
        case .seconds: 9
        case .thousandths: 3
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
}
