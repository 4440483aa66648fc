import ArgumentParser
import RelayTelemetry

/// For the project itself: `moltrelay metrics-reference > docs/metrics.md`.
struct MetricsReferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics-reference",
        abstract: "Print the reference page of all metrics.",
        shouldDisplay: false
    )

    func run() {
        print(MetricsPage.markdown(), terminator: "")
    }
}
