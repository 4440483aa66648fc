import Telemetry
import Testing

@Suite struct NegotiationTests {
    private static let protobuf =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

    @Test(
        arguments: [
            (nil, .text), ("", .text), ("*/*", .text), ("text/*", .text), ("text/html", .text), (";;,,", .text),
            ("text/plain", .text), ("text/plain;version=0.0.4", .text), ("text/plain;version=9", .text),
            ("application/openmetrics-text", .openMetrics),
            ("Application/OpenMetrics-Text; Version=1.0.0", .openMetrics),
            ("application/openmetrics-text;version=0.0.1", .text), ("application/*", .openMetrics),
            ("application/openmetrics-text;version=\"1.0.0\"", .openMetrics),
            ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;charset=utf-8", .openMetrics),
            (protobuf, .protobuf), ("application/vnd.google.protobuf;encoding=text", .text),
            // Prometheus 2.42 without native histograms, with them, and 3.5 with them.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                    + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics
            ),
            (protobuf + ",application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5", .protobuf),
            (
                protobuf + ";q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                    + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2", .protobuf
            ),
            // Weights, and what is named first where they are equal.
            ("text/plain;q=0.5, application/openmetrics-text;q=0.6", .openMetrics),
            ("application/openmetrics-text;q=0.5, text/plain", .text),
            ("application/openmetrics-text, text/plain", .openMetrics),
            ("text/plain, application/openmetrics-text", .text),
            ("*/*, application/openmetrics-text;q=0.9", .text),
            ("application/openmetrics-text;q=nonsense, */*;q=0.1", .text),
            // A weight of 0 refuses, and the most specific range decides.
            ("text/plain;q=0, */*", .openMetrics), ("*/*;q=0, \(protobuf);q=0.1", .protobuf),
            ("text/*;q=0, application/openmetrics-text;q=0, */*;q=0.5", .protobuf),
            ("text/plain;q=0.1, text/plain;version=0.0.4;q=0, */*;q=0.2", .openMetrics),
            ("application/openmetrics-text;q=0", .text),
            ("*/*;q=0", nil), ("text/plain;q=0", nil), ("text/plain;q=0, application/*;q=0", nil),
        ] as [(String?, ExpositionFormat?)]
    )
    func theFormatIsTheOneAskedFor(accept: String?, format: ExpositionFormat?) {
        #expect(ExpositionFormat.negotiated(accept) == format)
    }

    @Test func whoRefusesEverythingGetsNothing() throws {
        let exposition = try MetricExposition(registry: MetricRegistry(shards: 0), selfPrefix: "self_")
        #expect(exposition.scrape(accept: "*/*;q=0") == nil)
        #expect(exposition.scrape(accept: "*/*")?.format == .text)
    }
}
