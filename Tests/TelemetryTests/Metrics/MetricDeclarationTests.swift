import Telemetry
import Testing

@Suite struct MetricDeclarationTests {
    @Test(arguments: [
        (MetricDeclaration.counter("no-dash_total", help: ""), MetricDeclarationError.invalidName("no-dash_total")),
        (.counter("1_total", help: ""), .invalidName("1_total")),
        (.counter("", help: ""), .invalidName("")),
        (.counter("c", help: ""), .suffix("c")),
        (.gauge("g_total", help: ""), .suffix("g_total")),
        (.histogram("h_bucket", bounds: [1], help: ""), .suffix("h_bucket")),
        (.histogram("h", bounds: [1, 1], help: ""), .bounds(metric: "h")),
        (.histogram("h", bounds: [-1], help: ""), .bounds(metric: "h")),
        (.histogram("h", unit: .seconds, bounds: [1e300], help: ""), .bounds(metric: "h")),
        (.histogram("h", bounds: (0...254).map(Double.init), help: ""), .bounds(metric: "h")),
        (.gauge("g", labels: [LabelDimension("__a", ["1"])], help: ""), .invalidLabel(metric: "g", label: "__a")),
        (.gauge("g", labels: [LabelDimension("a:b", ["1"])], help: ""), .invalidLabel(metric: "g", label: "a:b")),
        (.gauge("g", labels: [LabelDimension("a", [])], help: ""), .invalidLabel(metric: "g", label: "a")),
        (.gauge("g", labels: [LabelDimension("a", ["1", "1"])], help: ""), .invalidLabel(metric: "g", label: "a")),
        (
            .histogram("h", bounds: [1], labels: [LabelDimension("le", ["1"])], help: ""),
            .invalidLabel(metric: "h", label: "le")
        ),
    ])
    func wrongDeclarationsAreRefused(declaration: MetricDeclaration, error: MetricDeclarationError) {
        #expect(throws: error) {
            switch declaration.kind {
            case .counter, .floatingCounter: _ = try MetricRegistry(shards: 1).counter(declaration)
            case .gauge: _ = try MetricRegistry(shards: 1).gauge(declaration)
            case .histogram: _ = try MetricRegistry(shards: 1).histogram(declaration)
            }
        }
    }

    @Test func aSampleNameBelongsToOneMetric() throws {
        let registry = MetricRegistry(shards: 0)
        _ = try registry.histogram(.histogram("h", bounds: [1], help: "H."))
        #expect(throws: MetricDeclarationError.duplicate("h_count")) {
            try registry.gauge(.gauge("h_count", help: "A count."))
        }
        #expect(throws: MetricDeclarationError.kind("g")) { try registry.counter(.gauge("g", help: "G.")) }
    }
}
