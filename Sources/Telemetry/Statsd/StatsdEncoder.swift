/// Turns snapshots into statsd lines: counters as what they grew by since the snapshot before, gauges as they are,
/// histograms as far as the flavor goes.
struct StatsdEncoder {
    private static let quantiles: [(suffix: String, rank: Double)] = [(".p50", 0.5), (".p90", 0.9), (".p99", 0.99)]

    private let options: StatsdOptions
    /// A family's values at the last snapshot, in the order of its cells.
    private var last: [[UInt64]] = []
    private var line: [UInt8] = []

    init(options: StatsdOptions) { self.options = options }

    /// - Parameter random: from 0 up to 1, to round a sampled number of observations fairly.
    mutating func encode(
        _ snapshot: MetricSnapshot,
        into packer: inout DatagramPacker,
        random: () -> Double = { .random(in: 0..<1) }
    ) {
        for (place, family) in snapshot.families.enumerated() {
            if place == last.count { last.append([]) }
            let size = family.seriesCount * family.registered.cellsPerSeries
            last[place] += [UInt64](repeating: 0, count: size - last[place].count)
            for series in 0..<family.seriesCount {
                let sample = Sample(family, series, snapshot, last: last[place])
                append(sample, of: family.declaration, &packer, random)
            }
            last[place] = Array(snapshot.values(of: family))
        }
    }

    /// One series: what it is now, and what came since.
    private struct Sample {
        let labels: [SeriesLabel]
        let now, before: ArraySlice<UInt64>
        let shape: HistogramShape?

        init(_ family: MetricSnapshot.Family, _ series: Int, _ snapshot: MetricSnapshot, last: [UInt64]) {
            let size = family.registered.cellsPerSeries
            labels = family.labels(of: series).pairs
            now = snapshot.values(of: family).dropFirst(series * size).prefix(size)
            before = last[series * size..<(series + 1) * size]
            shape = family.registered.shape
        }

        var number: Double { Double(bitPattern: now[now.startIndex]) }
        var grownBy: UInt64 { now[now.startIndex] &- before[before.startIndex] }
        var numberGrownBy: Double { number - Double(bitPattern: before[before.startIndex]) }

        /// Observations since, by cell.
        var cells: [UInt64] { zip(now, before).dropFirst().map { $0 &- $1 } }
    }

    private mutating func append(
        _ sample: Sample,
        of declaration: MetricDeclaration,
        _ packer: inout DatagramPacker,
        _ random: () -> Double
    ) {
        let (unit, labels) = (declaration.unit, sample.labels)
        switch declaration.kind {
        case .counter:
            guard sample.grownBy > 0 else { return }
            begin(declaration.name, labels)
            line.appendDecimal(sample.grownBy, scaledBy: unit.decimalDigits)
            end("|c", labels, &packer)
        case .floatingCounter:
            appendCounter(declaration.name, labels, sample.numberGrownBy, &packer)
        case .gauge: appendGauge(declaration.name, labels, sample.number, &packer)
        case .histogram:
            guard let shape = sample.shape else { return }
            let cells = sample.cells
            switch options.flavor {
            case .dogstatsd: appendValues(declaration, labels, cells, shape, &packer, random)
            case .plain:
                let sum = sample.numberGrownBy / unit.ticksPerUnit
                appendSummary(declaration, labels, cells, shape, sum: sum, &packer)
            }
        }
    }

    private mutating func appendCounter(
        _ name: String,
        _ labels: [SeriesLabel],
        _ growth: Double,
        _ packer: inout DatagramPacker
    ) {
        guard growth > 0, growth.isFinite else { return }
        begin(name, labels)
        line.appendNumber(growth)
        end("|c", labels, &packer)
    }

    private mutating func appendGauge(
        _ name: String,
        _ labels: [SeriesLabel],
        _ value: Double,
        _ packer: inout DatagramPacker
    ) {
        guard value.isFinite else { return }
        begin(name, labels)
        if value < 0 {
            // Nearly every server takes a sign for a change: below zero is reached from zero, in the same datagram.
            line.append(contentsOf: "0|g".utf8)
            if options.flavor == .dogstatsd { appendTags(labels) }
            line.append(UInt8(ascii: "\n"))
            appendName(name, labels)
        }
        line.appendNumber(value)
        end("|g", labels, &packer, lines: value < 0 ? 2 : 1)
    }

    /// One line for each cell: its middle, and a rate that says how many observations it stands for.
    private mutating func appendValues(
        _ declaration: MetricDeclaration,
        _ labels: [SeriesLabel],
        _ cells: [UInt64],
        _ shape: HistogramShape,
        _ packer: inout DatagramPacker,
        _ random: () -> Double
    ) {
        for (cell, count) in cells.enumerated() where count > 0 {
            guard let rate = rate(of: Double(count), random) else { continue }
            begin(declaration.name, labels)
            line.appendDecimal(shape.middle(ofCell: cell), scaledBy: declaration.unit.decimalDigits)
            end("|h", labels, &packer, rate: rate)
        }
    }

    /// Of a line that stands for `count` observations; nil where none of them is in the sample.
    private func rate(of count: Double, _ random: () -> Double) -> Double? {
        let isWhole = options.sampleRate == 1
        let sampled = isWhole ? count : (count * options.sampleRate + random()).rounded(.down)
        guard sampled > 0 else { return nil }
        let rate = options.sampleRate / sampled
        // Servers cut 1 / rate to a whole number, and 1 / (1 / 49) is a little less than 49.
        return isWhole && 1 / rate < count ? rate.nextDown : rate
    }

    private mutating func appendSummary(
        _ declaration: MetricDeclaration,
        _ labels: [SeriesLabel],
        _ cells: [UInt64],
        _ shape: HistogramShape,
        sum: Double,
        _ packer: inout DatagramPacker
    ) {
        let count = cells.reduce(0, &+)
        guard count > 0 else { return }
        let unit = declaration.unit
        appendCounter(declaration.name + ".count", labels, Double(count), &packer)
        appendCounter(declaration.name + ".sum", labels, sum, &packer)
        for (suffix, quantile) in Self.quantiles {
            let rank = UInt64((quantile * Double(count)).rounded(.up))
            var (cell, seen) = (0, cells[0])
            while seen < rank {
                cell += 1
                seen += cells[cell]
            }
            let value = Double(shape.middle(ofCell: cell)) / unit.ticksPerUnit
            appendGauge(declaration.name + suffix, labels, value, &packer)
        }
    }

    private mutating func begin(_ name: String, _ labels: [SeriesLabel]) {
        line.removeAll(keepingCapacity: true)
        appendName(name, labels)
    }

    private mutating func appendName(_ name: String, _ labels: [SeriesLabel]) {
        line.append(contentsOf: options.prefix.utf8)
        line.append(contentsOf: name.utf8)
        if options.flavor == .plain {
            for label in labels {
                line.append(UInt8(ascii: "."))
                line.appendWord(label.name)
                line.append(UInt8(ascii: "."))
                line.appendWord(label.value)
            }
        }
        line.append(UInt8(ascii: ":"))
    }

    private mutating func end(
        _ type: StaticString,
        _ labels: [SeriesLabel],
        _ packer: inout DatagramPacker,
        rate: Double = 1,
        lines: Int = 1
    ) {
        line.append(contentsOf: UnsafeBufferPointer(start: type.utf8Start, count: type.utf8CodeUnitCount))
        if rate < 1 { line.append(contentsOf: "|@\(rate)".utf8) }
        if options.flavor == .dogstatsd { appendTags(labels) }
        packer.append(line, count: lines)
    }

    private mutating func appendTags(_ labels: [SeriesLabel]) {
        var separator = "|#"
        for label in labels {
            line.append(contentsOf: separator.utf8)
            line.append(contentsOf: label.name.utf8)
            line.append(UInt8(ascii: ":"))
            line.appendTagValue(label.value)
            separator = ","
        }
        for tag in options.tags {
            line.append(contentsOf: separator.utf8)
            line.appendTagValue(tag)
            separator = ","
        }
    }
}

extension [UInt8] {
    /// A part of a plain name: dots part names, and all else may mean something to some server.
    fileprivate mutating func appendWord(_ text: String) {
        for byte in text.utf8 {
            append(MetricDeclaration.isWordByte(byte) || byte == UInt8(ascii: "-") ? byte : UInt8(ascii: "_"))
        }
    }

    /// Anything but what ends a tag, a list of tags or a line.
    fileprivate mutating func appendTagValue(_ text: String) {
        for byte in text.utf8 {
            append(byte < 32 || byte == UInt8(ascii: "|") || byte == UInt8(ascii: ",") ? UInt8(ascii: "_") : byte)
        }
    }
}
