/// What there is to tell about a configuration, in the order of its places.
struct ConfigurationReport: Sendable {
    let file: String?
    let findings: [Finding]

    init(file: String?, findings: [Finding]) {
        self.file = file
        let ordered = findings.enumerated().sorted { left, right in
            if Finding.isOrdered(left.element, before: right.element) { return true }
            return !Finding.isOrdered(right.element, before: left.element) && left.offset < right.offset
        }
        self.findings = ordered.map(\.element)
    }

    /// The relay may start.
    var isAcceptable: Bool { findings.allSatisfy { $0.severity == .warning } }

    func findings(_ severity: Finding.Severity) -> [Finding] { findings.filter { $0.severity == severity } }
}

extension ConfigurationReport {
    /// Errors, then what this build cannot do, then warnings, then one line that sums them up.
    var text: String {
        var lines = findings(.error).map(line)
        lines += block("Not in this build, so the relay would not start:", findings(.unavailable))
        lines += block("Warnings:", findings(.warning))
        if !lines.isEmpty { lines.append("") }
        lines.append(summary)
        return lines.joined(separator: "\n") + "\n"
    }

    /// One line for a finding, as an editor jumps to it.
    func line(_ finding: Finding) -> String {
        let location = finding.origin.location(in: file)
        return (location.map { "\($0): " } ?? "") + finding.message
    }

    private func block(_ title: String, _ findings: [Finding]) -> [String] {
        guard !findings.isEmpty else { return [] }
        var lines = ["", title]
        for finding in findings where finding.feature == nil { lines.append(line(finding)) }
        for feature in Feature.allCases {
            let asking = findings.filter { $0.feature == feature }
            guard !asking.isEmpty else { continue }
            lines += asking.map(line)
            lines.append("  " + feature.advice)
        }
        return lines
    }

    private var summary: String {
        let name = file ?? "configuration"
        let counts = [
            counted(findings(.error).count, "error", "errors"),
            counted(
                findings(.unavailable).count,
                "setting this build cannot honour",
                "settings this build cannot honour"
            ),
            counted(findings(.warning).count, "warning", "warnings"),
        ]
        let listed = counts.compactMap { $0 }.joined(separator: ", ")
        guard isAcceptable else { return "\(name): \(listed); the relay would not start" }
        return listed.isEmpty ? "\(name): fine" : "\(name): fine, \(listed)"
    }
}

private func counted(_ count: Int, _ singular: String, _ plural: String) -> String? {
    count == 0 ? nil : "\(count) \(count == 1 ? singular : plural)"
}
