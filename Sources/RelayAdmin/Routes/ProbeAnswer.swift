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
        let unknown = excluded.subtracting(items.map(\.name)).sorted()
        let warning = unknown.isEmpty ? [] : ["no check to exclude named: " + unknown.joined(separator: ", ")]
        let verdict = "\(name) check \(isHealthy ? "passed" : "failed")"
        return .text(status, (warning + items.map(line) + [verdict]).joined(separator: "\n"), headers: headers)
    }

    private func line(_ item: HealthSnapshot.Item) -> String {
        guard !excluded.contains(item.name) else { return "[+]\(item.name) excluded: ok" }
        guard let failure = item.failure else { return "[+]\(item.name) ok" }
        return "[-]\(item.name) failed: \(failure)"
    }

    /// `application/health+json`, as the expired draft draft-inadarei-api-health-check-06 has it.
    func json(headers: HTTPHeaders) -> AdminResponse {
        let considered = items.filter { !excluded.contains($0.name) }
        let checks = considered.map { item in
            (item.name, [Draft.Check(status: item.failure == nil ? "pass" : "fail", output: item.failure)])
        }
        let document = Draft(
            status: isHealthy ? "pass" : "fail",
            checks: Dictionary(checks) { first, _ in first }
        )
        return .json(status, document, contentType: "application/health+json", headers: headers)
    }

    private var status: HTTPResponseStatus { isHealthy ? .ok : .serviceUnavailable }

    private struct Draft: Encodable {
        struct Check: Encodable {
            var status: String
            var output: String?
        }

        var status: String
        var checks: [String: [Check]]
    }
}
