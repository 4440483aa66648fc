/// What one metric is called, means and is split by: all that a scrape, a page of documentation or a dashboard test
/// needs to know before the first value exists.
public struct MetricDeclaration: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case counter
        /// Of what comes in fractions of no known size; by any thread only.
        case floatingCounter
        case gauge
        /// Upper bounds in the unit, ascending, without +Inf.
        case histogram(bounds: [Double])
    }

    public let name: String
    public let kind: Kind
    public let unit: MetricUnit
    public let help: String
    public let labels: [LabelDimension]

    public init(name: String, kind: Kind, unit: MetricUnit, help: String, labels: [LabelDimension]) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.help = help
        self.labels = labels
    }

    public static func counter(
        _ name: String,
        unit: MetricUnit = .none,
        labels: [LabelDimension] = [],
        help: String
    ) -> Self {
        Self(name: name, kind: .counter, unit: unit, help: help, labels: labels)
    }

    public static func gauge(
        _ name: String,
        unit: MetricUnit = .none,
        labels: [LabelDimension] = [],
        help: String
    ) -> Self {
        Self(name: name, kind: .gauge, unit: unit, help: help, labels: labels)
    }

    public static func histogram(
        _ name: String,
        unit: MetricUnit = .none,
        bounds: [Double],
        labels: [LabelDimension] = [],
        help: String
    ) -> Self {
        Self(name: name, kind: .histogram(bounds: bounds), unit: unit, help: help, labels: labels)
    }

    /// Combinations of label values. Each exists, at zero, from the declaration on.
    public var combinationCount: Int { labels.reduce(1) { $0 * $1.values.count } }

    /// Lines of a scrape that one combination takes, which is what a Prometheus server counts as series.
    var linesPerCombination: Int {
        guard case .histogram(let bounds) = kind else { return 1 }
        return bounds.count + 3
    }
}

/// A label and every value it can have.
public struct LabelDimension: Sendable, Equatable {
    public let name: String
    public let values: [String]

    public init(_ name: String, _ values: [String]) {
        self.name = name
        self.values = values
    }
}

/// Counters and histograms count whole ticks, which the exposition divides into the unit: nanoseconds for seconds.
public enum MetricUnit: String, Sendable {
    case none = ""
    case seconds
    case bytes
    /// For values of unknown scale: a tick is a thousandth.
    case thousandths = "units"

    public var ticksPerUnit: Double {
        switch self {
        case .none, .bytes: 1
        case .seconds: 1e9
        case .thousandths: 1e3
        }
    }

    /// Of a tick, after the point.
    var decimalDigits: Int {
        switch self {
        case .none, .bytes: 0
        case .seconds: 9
        case .thousandths: 3
        }
    }
}

public enum MetricDeclarationError: Error, Equatable {
    case invalidName(String)
    /// A counter's name ends in `_total`, no other does; a histogram's not in `_bucket`, `_sum` or `_count`.
    case suffix(String)
    case invalidLabel(metric: String, label: String)
    case bounds(metric: String)
    /// A counter declared as a gauge, or the like.
    case kind(String)
    /// A sample of this name exists already.
    case duplicate(String)
}
