import Foundation

@testable import moltrelay

/// A machine with nothing on it but a home folder.
let bareMachine = Surroundings(
    environment: ["HOME": "/home/relay"],
    hostName: "host-1",
    isWritableFolder: { _ in false },
    fileExists: { _ in false }
)

/// Loads `yaml` from a real file that is called config.yaml in what comes back.
func load(
    _ yaml: String,
    environment: [String: String] = [:],
    flags: [ConfigurationLoader.Override] = [],
    on machine: Surroundings = bareMachine
) throws -> Loaded {
    try load(bytes: Data(yaml.utf8), environment: environment, flags: flags, on: machine)
}

func load(
    bytes: Data,
    environment: [String: String] = [:],
    flags: [ConfigurationLoader.Override] = [],
    on machine: Surroundings = bareMachine
) throws -> Loaded {
    let file = FileManager.default.temporaryDirectory.appending(path: "config-\(UUID().uuidString).yaml")
    try bytes.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return Loaded(file: file.path, environment: environment, flags: flags, machine: machine)
}

func loadWithoutFile(
    environment: [String: String] = [:],
    flags: [ConfigurationLoader.Override] = [],
    on machine: Surroundings = bareMachine
) -> Loaded {
    Loaded(file: nil, environment: environment, flags: flags, machine: machine)
}

struct Loaded {
    let configuration: Configuration
    let isAcceptable: Bool
    let findings: [Finding]
    let text: String
    /// One line for each finding.
    let lines: [String]
    let effectiveText: String

    init(file: String?, environment: [String: String], flags: [ConfigurationLoader.Override], machine: Surroundings) {
        var machine = machine
        machine.environment.merge(environment) { $1 }
        let loaded = ConfigurationLoader(file: file, overrides: flags, surroundings: machine).load()
        let rename = { (text: String) in file.map { text.replacingOccurrences(of: $0, with: "config.yaml") } ?? text }
        configuration = loaded.configuration
        isAcceptable = loaded.report.isAcceptable
        findings = loaded.report.findings
        text = rename(loaded.report.text)
        lines = loaded.report.findings.map { rename(loaded.report.line($0)) }
        effectiveText = rename(loaded.effectiveText)
    }
}

func golden(_ name: String, file: String = #filePath) -> URL {
    URL(filePath: file).deletingLastPathComponent().appending(path: "Golden/\(name)")
}

/// The text that is to come out. With UPDATE_GOLDEN set it is written first, for a person to look over.
func goldenText(_ name: String, actual: String) throws -> String {
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil {
        try Data(actual.utf8).write(to: golden(name))
    }
    return try String(contentsOf: golden(name), encoding: .utf8)
}
