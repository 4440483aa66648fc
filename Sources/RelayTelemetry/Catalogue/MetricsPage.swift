import Telemetry

/// docs/metrics.md, made from the catalogue.
public enum MetricsPage {
    public static func markdown() -> String {
        let groups = RelayCatalogue.groups(
            build: .example,
            volumes: RelayCatalogue.defaultVolumes
        )
        return ([introduction] + groups.map(section)).joined(separator: "\n") + "\n"
    }

    private static let introduction = """
        # Metrics

        Made from the catalogue in `Sources/RelayTelemetry/Catalogue`; a test fails where this page and the catalogue
        differ. Every series is there, at zero, from the start.

        `/metrics` answers in the format that `Accept` asks for, gzipped where `Accept-Encoding` allows it:

        | `Accept` | Format | More than in text |
        | --- | --- | --- |
        | none, `*/*`, `text/plain` | Prometheus text 0.0.4 | |
        | `application/openmetrics-text` | OpenMetrics 1.0 | `_created`, units, exemplars on histogram buckets |
        | `application/vnd.google.protobuf` | Prometheus protobuf, delimited | native histograms, exemplars, creation times |

        Every histogram is native too: buckets 9 % apart (schema 3), joined two by two where more than 160 are populated.
        Prometheus 2.40 and later takes them with `--enable-feature=native-histograms` and then drops the classic buckets
        of the same metric; without the feature it asks for OpenMetrics and gets the classic ones. Its servers count each
        `_created` as a series of its own.

        Conservation: what is left over of all messages of a relay is 0 whenever it is idle.

        ```promql
        \(RelayCatalogue.conservation)
        ```

        """

    private static func section(_ group: RelayCatalogue.Group) -> String {
        let head = "## \(group.title)\n\n| Metric | Type | Labels | Meaning |\n| --- | --- | --- | --- |\n"
        return head + group.declarations.map(row).joined()
    }

    private static func row(_ declaration: MetricDeclaration) -> String {
        let cells = [
            "`\(declaration.name)`", type(declaration), labels(declaration), declaration.help + bounds(declaration),
        ]
        return "| \(cells.joined(separator: " | ")) |\n"
    }

    private static func type(_ declaration: MetricDeclaration) -> String {
        let kind =
            switch declaration.kind {
            case .counter, .floatingCounter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        return declaration.unit == .none ? kind : "\(kind), \(declaration.unit.rawValue)"
    }

    private static func labels(_ declaration: MetricDeclaration) -> String {
        declaration.labels.map { label in
            "`\(label.name)`: \(label.values.map { "`\($0)`" }.joined(separator: ", "))"
        }.joined(separator: "; ")
    }

    private static func bounds(_ declaration: MetricDeclaration) -> String {
        guard case .histogram(let bounds) = declaration.kind else { return "" }
        return " Buckets: \(bounds.map(text).joined(separator: ", "))."
    }

    private static func text(_ bound: Double) -> String {
        bound == bound.rounded() ? String(Int(bound)) : bound.description
    }
}
