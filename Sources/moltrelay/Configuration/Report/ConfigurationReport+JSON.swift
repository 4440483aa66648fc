import Foundation

/// The JSON of `check-config --format json`: a contract, so it is spelled out apart from the types it tells of.
struct ConfigurationReportDocument: Encodable {
    struct FindingDocument: Encodable {
        var severity: String
        /// Exactly one of the three says where it is, or none for a default.
        var line: Int?
        var column: Int?
        var variable: String?
        var flag: String?
        var key: String?
        var message: String
        var feature: String?
        var advice: String?
    }

    struct EffectiveDocument: Encodable {
        var key: String
        var value: String
        var origin: String
    }

    var file: String?
    /// The relay would start.
    var acceptable: Bool
    var findings: [FindingDocument]
    var effective: [EffectiveDocument]?

    init(_ loaded: LoadedConfiguration, withEffective: Bool) {
        let report = loaded.report
        file = report.file
        acceptable = report.isAcceptable
        findings = report.findings.map(FindingDocument.init)
        effective = withEffective ? loaded.effective.map { EffectiveDocument($0, in: report.file) } : nil
    }

    var text: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
        }
    }
}

extension ConfigurationReportDocument.FindingDocument {
    fileprivate init(_ finding: Finding) {
        self.init(
            severity: finding.severity.rawValue,
            key: finding.key,
            message: finding.message,
            feature: finding.feature?.rawValue,
            advice: finding.feature?.advice
        )
        switch finding.origin {
        case .file(let position): (line, column) = (position.line, position.column)
        case .environment(let name): variable = name
        case .flag(let name): flag = name
        case .fallback, .derived, .wholeFile: break
        }
    }
}

extension ConfigurationReportDocument.EffectiveDocument {
    fileprivate init(_ setting: EffectiveSetting, in file: String?) {
        self.init(key: setting.path, value: setting.value, origin: setting.origin.description(in: file))
    }
}

extension LoadedConfiguration {
    /// A line for each setting: key, value, where the value came from.
    var effectiveText: String {
        let rows = effective.map { ("\($0.path) = \($0.value)", $0.origin.description(in: report.file)) }
        return rows.map { "\($0)  # \($1)\n" }.joined()
    }
}
