import NIOHTTP1
import Telemetry

/// What a probe of one tier says, in the manner of the Kubernetes API server: a line for each item, the status code
/// for machines.
struct ProbeAnswer {
    private let name: String
    private let items: [HealthSnapshot.Item]
    private let excluded: Set<String>

    init(name: String, items: [HealthSnapshot.Item], excluded: Set<String>) {
        self.name = name
        self.items = items
        self.excluded = excluded
    }

    private var isHealthy: Bool {
        items.allSatisfy { $0.failure == nil || excluded.contains($0.name) }
    }

    /// A failure is always verbose.
    func text(isVerbose: Bool, headers: HTTPHeaders) -> AdminResponse {
        guard isVerbose || !isHealthy else { return .text(.ok, "ok", headers: headers) }
        let verdict = "\(name) check \(isHealthy ? "passed" : "failed")"
        return .text(status, (notes + items.map(line) + [verdict]).joined(separator: "\n"), headers: headers)
    }

    /// A name that excludes nothing is a mistake of whoever asks.
    private var notes: [String] {
        let unknown = excluded.subtracting(items.map(\.name)).sorted()
        return unknown.isEmpty ? [] : ["no check to exclude named: " + unknown.joined(separator: ", ")]
    }

    private func line(_ item: HealthSnapshot.Item) -> String {
        guard !excluded.contains(item.name) else { return "[+]\(item.name) excluded: ok" }
        if let failure = item.failure { return "[-]\(item.name) failed: \(failure)" }
        return item.warning.map { "[+]\(item.name) warns: \($0)" } ?? "[+]\(item.name) ok"
    }

    func json(_ service: HealthService, _ time: ClockPair, headers: HTTPHeaders) -> AdminResponse {
        let considered = items.filter { !excluded.contains($0.name) }
        return HealthJSON(considered, service: service, notes: notes, time).response(status, headers: headers)
    }

    private var status: HTTPResponseStatus { isHealthy ? .ok : .serviceUnavailable }
}
