/// What an exporter did, so that what it lost shows where it is not lost: in the scrape.
public struct StatsdMetrics: Sendable {
    private static let datagramResults = ["sent", "lost", "refused"]
    private static let lineResults = ["sent", "lost", "oversized"]

    let sentDatagrams, lostDatagrams, refusedDatagrams: SharedCounter
    let sentLines, lostLines, oversizedLines: SharedCounter
    let sentBytes, unresolved: SharedCounter

    /// - Parameter prefix: begins the names, such as `myservice_`.
    public init(registry: MetricRegistry, prefix: String) throws(MetricDeclarationError) {
        let declarations = Self.declarations(prefix: prefix)
        let datagrams = try registry.counter(declarations[0])
        let lines = try registry.counter(declarations[1])
        sentDatagrams = datagrams.shared(0)
        lostDatagrams = datagrams.shared(1)
        refusedDatagrams = datagrams.shared(2)
        (sentLines, lostLines, oversizedLines) = (lines.shared(0), lines.shared(1), lines.shared(2))
        sentBytes = try registry.counter(declarations[2]).shared()
        unresolved = try registry.counter(declarations[3]).shared()
    }

    /// Lines lost with their datagram.
    public var lost: UInt64 { lostLines.total }
    /// Datagrams that came back. What was in them is not known any more.
    public var refused: UInt64 { refusedDatagrams.total }
    /// Lines longer than a datagram.
    public var oversized: UInt64 { oversizedLines.total }

    public static func declarations(prefix: String) -> [MetricDeclaration] {
        let prefix = prefix + "telemetry_statsd_"
        return [
            .counter(
                prefix + "datagrams_total",
                labels: [LabelDimension("result", datagramResults)],
                help: """
                    Datagrams for statsd: sent, lost because this machine would not send them, or refused, which counts \
                    again those sent that came back because nobody listens.
                    """
            ),
            .counter(
                prefix + "lines_total",
                labels: [LabelDimension("result", lineResults)],
                help: "Lines for statsd: sent, lost with their datagram, or left out because longer than a datagram."
            ),
            .counter(prefix + "sent_bytes_total", unit: .bytes, help: "Bytes sent to statsd."),
            .counter(
                prefix + "resolve_failures_total",
                help: "Times the statsd server's name had no address. Nothing is lost by it: the next flush has it all."
            ),
        ]
    }
}
