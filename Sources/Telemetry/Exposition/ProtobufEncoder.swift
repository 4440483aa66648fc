/// Prometheus' protobuf format: a length and an `io.prometheus.client.MetricFamily` for each family, its histograms
/// with their native and their classic buckets. Field numbers are those of Prometheus' metrics.proto.
public struct ProtobufEncoder: Sendable {
    private var native = NativeBuckets()

    public init() {}

    /// Appends the whole exposition. Nothing is allocated for a series once `bytes` has grown to its size.
    public mutating func encode(_ snapshot: MetricSnapshot, into bytes: inout [UInt8]) {
        for family in snapshot.families where family.seriesCount > 0 {
            bytes.appendDelimited { bytes in
                appendHead(of: family.declaration, to: &bytes)
                for series in 0..<family.seriesCount {
                    bytes.appendField(4) { appendMetric(series, of: family, snapshot, to: &$0) }
                }
                if let unit = family.declaration.namedUnit { bytes.appendField(5, text: unit) }
            }
        }
    }

    private func appendHead(of declaration: MetricDeclaration, to bytes: inout [UInt8]) {
        bytes.appendField(1, text: declaration.name)
        bytes.appendField(2, text: declaration.help)
        switch declaration.kind {
        case .counter, .floatingCounter: bytes.appendField(3, varint: 0)
        case .gauge: bytes.appendField(3, varint: 1)
        case .histogram: bytes.appendField(3, varint: 4)
        }
    }

    private mutating func appendMetric(
        _ series: Int,
        of family: MetricSnapshot.Family,
        _ snapshot: MetricSnapshot,
        to bytes: inout [UInt8]
    ) {
        let registered = family.registered.series[series]
        bytes.append(contentsOf: registered.labels.protobuf)
        switch family.declaration.kind {
        case .counter:
            let value = Double(snapshot.count(family, series: series)) / family.declaration.unit.ticksPerUnit
            bytes.appendCounter(value, created: registered.created)
        case .floatingCounter:
            bytes.appendCounter(snapshot.number(family, series: series), created: registered.created)
        case .gauge: bytes.appendField(2) { $0.appendField(1, double: snapshot.number(family, series: series)) }
        case .histogram:
            guard let shape = family.registered.shape else { return }
            native.fill(snapshot.cells(family, series: series), indices: shape.nativeIndices)
            bytes.appendField(7) { bytes in
                appendHistogram(series, of: family, shape, snapshot, to: &bytes)
                bytes.append(native)
                bytes.appendField(15) { $0.appendTimestamp(registered.created) }
            }
        }
    }

    private func appendHistogram(
        _ series: Int,
        of family: MetricSnapshot.Family,
        _ shape: HistogramShape,
        _ snapshot: MetricSnapshot,
        to bytes: inout [UInt8]
    ) {
        let unit = family.declaration.unit
        let exemplars = family.registered.series[series].exemplars
        bytes.appendField(1, varint: snapshot.cells(family, series: series).reduce(0, &+))
        bytes.appendField(2, double: snapshot.number(family, series: series) / unit.ticksPerUnit)
        var cumulative: UInt64 = 0
        for bucket in shape.bounds.indices {
            let count = snapshot.bucket(bucket, family, series: series)
            cumulative += count
            bytes.appendField(3) { bytes in
                bytes.appendField(1, varint: cumulative)
                bytes.appendField(2, double: shape.bounds[bucket])
                guard count > 0, let kept = exemplars?.read(bucket: bucket) else { return }
                bytes.appendField(3) { $0.append(kept.exemplar, value: Double(kept.ticks) / unit.ticksPerUnit) }
            }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendCounter(_ value: Double, created: Int64) {
        appendField(3) { bytes in
            bytes.appendField(1, double: value)
            bytes.appendField(3) { $0.appendTimestamp(created) }
        }
    }

    fileprivate mutating func appendTimestamp(_ unixMilliseconds: Int64) {
        let (seconds, milliseconds) = UInt64(Swift.max(unixMilliseconds, 0)).quotientAndRemainder(dividingBy: 1000)
        appendField(1, varint: seconds)
        appendField(2, varint: milliseconds * 1_000_000)
    }

    fileprivate mutating func append(_ exemplar: Exemplar, value: Double) {
        appendField(1) { label in
            label.appendField(1, text: "trace_id")
            label.appendField(2, hex: exemplar.traceHigh, exemplar.traceLow)
        }
        if exemplar.span != 0 {
            appendField(1) { label in
                label.appendField(1, text: "span_id")
                label.appendField(2, hex: exemplar.span)
            }
        }
        appendField(2, double: value)
        appendField(3) { $0.appendTimestamp(exemplar.unixMilliseconds) }
    }

    /// Runs of buckets as spans, each with its distance from the one before, and counts as differences.
    fileprivate mutating func append(_ native: NativeBuckets) {
        appendField(5, zigzag: Int64(native.schema))
        appendField(6, double: NativeBuckets.zeroThreshold)
        appendField(7, varint: native.zeroCount)
        appendSpans(native.buckets)
        guard !native.buckets.isEmpty else { return }
        appendField(13) { bytes in
            var last: UInt64 = 0
            for bucket in native.buckets {
                bytes.appendZigzag(Int64(bitPattern: bucket.count &- last))
                last = bucket.count
            }
        }
    }

    private mutating func appendSpans(_ buckets: [NativeBuckets.Bucket]) {
        // A span of nothing tells a native histogram without observations from a classic one.
        if buckets.isEmpty { appendSpan(offset: 0, length: 0) }
        var (end, start): (Int32, Int) = (0, 0)
        while start < buckets.count {
            var next = start + 1
            while next < buckets.count, buckets[next].index == buckets[next - 1].index + 1 { next += 1 }
            appendSpan(offset: Int64(buckets[start].index - end), length: UInt64(next - start))
            end = buckets[next - 1].index + 1
            start = next
        }
    }

    private mutating func appendSpan(offset: Int64, length: UInt64) {
        appendField(12) { span in
            span.appendField(1, zigzag: offset)
            span.appendField(2, varint: length)
        }
    }
}
