import NIOHTTP1
import Telemetry

/// `application/health+json`, as the expired draft-inadarei-api-health-check-06 has it. Latches are checks too.
struct HealthJSON: Encodable {
    struct Check: Encodable {
        var componentType: String?
        var observedValue: Double?
        var observedUnit: String?
        var status: String
        /// When it was observed.
        var time: String?
        var output: String?
    }

    var status: String
    var releaseId: String?
    var serviceId: String?
    var notes: [String]?
    var output: String?
    var checks: [String: [Check]]

    /// - Parameters:
    ///   - verdict: of the whole; nil for the worst of the items.
    ///   - notes: what else whoever asks should know.
    init(
        _ items: [HealthSnapshot.Item],
        verdict: HealthVerdict? = nil,
        service: HealthService,
        notes: [String] = [],
        _ time: ClockPair
    ) {
        status = (verdict ?? items.map(\.verdict).max() ?? .pass).rawValue
        releaseId = service.release
        serviceId = service.id
        self.notes = notes.isEmpty ? nil : notes
        let failures = items.compactMap { item in item.failure.map { "\(item.name): \($0)" } }
        output = failures.isEmpty ? nil : failures.joined(separator: "; ")
        checks = Dictionary(items.map { ($0.name, [Check($0, time)]) }) { first, _ in first }
    }

    func response(_ status: HTTPResponseStatus, headers: HTTPHeaders) -> AdminResponse {
        .json(status, self, contentType: "application/health+json", headers: headers)
    }
}

/// Who answers, in `application/health+json`.
public struct HealthService: Sendable {
    /// The version of the program.
    public var release: String?
    public var id: String?

    public init(release: String? = nil, id: String? = nil) {
        self.release = release
        self.id = id
    }
}

extension HealthSnapshot.Item {
    fileprivate var verdict: HealthVerdict { failure != nil ? .fail : warning != nil ? .warn : .pass }
}

extension HealthJSON.Check {
    fileprivate init(_ item: HealthSnapshot.Item, _ time: ClockPair) {
        componentType = item.check == nil ? nil : "component"
        observedValue = item.check?.observed?.value
        observedUnit = item.check?.observed.flatMap { $0.unit.isEmpty ? nil : $0.unit }
        status = item.verdict.rawValue
        self.time = item.check?.lastReport.map(time.text)
        output = item.failure ?? item.warning
    }
}
