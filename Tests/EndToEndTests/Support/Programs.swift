import FoundationEssentials

/// Where the programs under test and beside it are.
enum Programs {
    private static let environment = ProcessInfo.processInfo.environment
    static let repository = URL(filePath: #filePath).appending(path: "../../../..").standardized.path

    static let relay: String =
        environment["RELAY_BINARY"]
        ?? ["release", "debug"].map { "\(repository)/.build/\($0)/moltrelay" }
        .first { FileManager.default.isExecutableFile(atPath: $0) } ?? "/nonexistent/moltrelay"
    static let python = environment["AGENT_PYTHON"] ?? repository + "/.build/venv/bin/python"
    static let path = environment["PATH"] ?? "/usr/bin:/bin"
    /// Minutes for one test. Under a sanitizer everything takes several times as long.
    static let patience = environment["TEST_MINUTES"].flatMap(Int.init) ?? 3

    struct Outcome {
        let ending: ChildProcess.Ending
        let lines: [String]
        var text: String { lines.joined(separator: "\n") }
    }

    /// Runs a program to its end; standard error is part of its output.
    static func run(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:]
    ) async throws -> Outcome {
        let all = ["PATH": path].merging(environment) { $1 }
        let child = try ChildProcess("/usr/bin/env", [program] + arguments, environment: all, mergingErrors: true)
        _ = await child.line { _ in false }
        return Outcome(ending: await child.end(), lines: child.output.lines)
    }

    /// Where a test is about what does not happen while nobody asks for it; no event says that it did not.
    static func watch(seconds: Int) async throws { _ = try await run("sleep", ["\(seconds)"]) }

    /// A shell that stops at the first command that fails.
    static func shell(_ script: String, environment: [String: String] = [:]) async throws -> Outcome {
        try await run("bash", ["-euo", "pipefail", "-c", script], environment: environment)
    }
}
