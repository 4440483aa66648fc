import Glibc
import Testing

/// An agent that shares no code with the relay: a program in Tests/PythonAgent, one command at a time.
final class PythonAgent: Sendable {
    let name: String
    private let process: ChildProcess

    struct Answer {
        let json: JSON
        var ok: Bool { json["ok"] == true }
        var ids: [String] { json["ids"].strings }
        var frames: [JSON] { json["frames"].array }
        var acked: [String: JSON] { json["acked"].members }
        var nacked: [String: JSON] { json["nacked"].members }
        var missing: [String] { json["missing"].strings }
        var close: Int? { json["close"]["code"].int }
    }

    /// - Parameter program: `driver.py` is one agent, `crowd.py` many.
    init(_ name: String, program: String = "driver.py") throws {
        self.name = name
        process = try ChildProcess(
            Programs.python,
            ["-u", Programs.repository + "/Tests/PythonAgent/\(program)"],
            environment: ["PATH": Programs.path, "PYTHONDONTWRITEBYTECODE": "1"],
            mergingErrors: false
        )
    }

    deinit { process.send(SIGKILL) }

    /// Whatever the answer says.
    func ask(_ verb: String, _ arguments: [String: JSON] = [:]) async throws -> Answer {
        let answered = process.output.lines.count
        process.write(line: try JSON.object(arguments.merging(["do": .string(verb)]) { $1 }).text())
        let line = await process.line(from: answered) { _ in true }
        return Answer(json: try JSON(parsing: #require(line, "\(name) ended during \(verb)")))
    }

    /// A command that must succeed.
    @discardableResult
    func tell(
        _ verb: String,
        _ arguments: [String: JSON] = [:],
        location: SourceLocation = #_sourceLocation
    ) async throws -> Answer {
        let answer = try await ask(verb, arguments)
        try #require(answer.ok, "\(name), \(verb): \(answer.json)", sourceLocation: location)
        return answer
    }

    /// A new agent, connected and authenticated under its name.
    static func connected(
        _ name: String,
        to relay: Relay,
        _ options: [String: JSON] = [:],
        location: SourceLocation = #_sourceLocation
    ) async throws -> PythonAgent {
        let agent = try PythonAgent(name)
        try await agent.connect(to: relay, options, location: location)
        return agent
    }

    @discardableResult
    func connect(
        to relay: Relay,
        _ options: [String: JSON] = [:],
        location: SourceLocation = #_sourceLocation
    ) async throws -> Answer {
        try await tell("connect", credentials(for: relay, options), location: location)
    }

    func credentials(for relay: Relay, _ options: [String: JSON] = [:]) -> [String: JSON] {
        ["url": .string(relay.url), "agent": .string(name)].merging(options) { $1 }
    }
}
