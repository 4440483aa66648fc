import Identity

@testable import moltrelay

/// A configuration file and an environment, read as `check-config` reads them: every complaint points into the text, is
/// fit for a terminal, and the same on a second reading.
enum ConfigurationTarget {
    static func run(_ input: [UInt8]) {
        let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let file = Array(parts[0])
        let environment = variables(parts.count > 1 ? parts[1] : [])
        let draft = read(file, environment)
        for finding in draft.findings { check(finding, in: file) }
        let report = ConfigurationReport(file: "config.yaml", findings: draft.findings).text
        let again = read(file, environment)
        expect(ConfigurationReport(file: "config.yaml", findings: again.findings).text == report, "two reports of one")
        expect(again.configuration == draft.configuration, "two configurations of one file")
        for setting in Schema.settings { _ = setting.show(draft.configuration) }
    }

    private static func read(_ file: [UInt8], _ environment: [String: String]) -> ConfigurationDraft {
        let machine = Surroundings(
            environment: environment,
            hostName: environment["HOSTNAME"] ?? "host",
            isWritableFolder: { _ in false },
            fileExists: { _ in false }
        )
        var draft = ConfigurationDraft()
        do throws(YAMLDocument.Problem) {
            draft.apply(try YAMLDocument(ConfigurationFile.text(of: file)))
        } catch {
            draft.isFileUnread = true
            draft.note(.error, at: error.position.map(Origin.file) ?? .wholeFile, error.message)
        }
        draft.apply(environment: environment)
        draft.deriveDefaults(Places(surroundings: machine, stateDirectoryFlag: nil), hasFile: true)
        draft.noteMissingFeatures()
        draft.judge(by: Rule.all, in: machine)
        return draft
    }

    /// Lines of `NAME=value`.
    private static func variables(_ bytes: ArraySlice<UInt8>) -> [String: String] {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        return lines.reduce(into: [:]) { variables, line in
            let pair = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            variables[String(pair[0])] = pair.count > 1 ? String(pair[1]) : ""
        }
    }

    private static func check(_ finding: Finding, in file: [UInt8]) {
        let text = finding.message
        expect(visible(text).utf8.elementsEqual(text.utf8), "a message carries control characters")
        expect(text.utf8.count <= 1_000, "a message of \(text.utf8.count) bytes")
        guard case .file(let position) = finding.origin else { return }
        let lines = file.count { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") || $0 > 0x7F } + 1
        expect((1...lines + 1).contains(position.line), "line \(position.line) of \(lines)")
        expect((1...file.count + 1).contains(position.column), "column \(position.column)")
    }
}
