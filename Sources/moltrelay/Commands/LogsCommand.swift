import ArgumentParser
import Foundation
import Identity
import RelayAdmin
import Telemetry
import WireProtocol

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what the relay on this machine logs, live with -f.",
        discussion: """
            The last lines come out of the relay's memory, wherever its log goes: about a mebibyte of them. With \
            --follow new ones are shown as they are logged, until SIGINT or until the relay ends.

            --level debug shows more than the relay writes: the relay logs that much to whoever follows, and its own \
            output stays as it is. What a reader is too slow for is not shown to him, and a line says how many \
            records that were; the relay never waits for a reader.

            Exit codes: 0 shown, 64 wrong usage, 69 no relay answered, it refused, or it ended while it was followed.

            Examples:
              moltrelay logs -f
              moltrelay logs -f --level debug --agent agent-7
              moltrelay logs --event auth_failure --lines 200 --json | jq -r .reason
            """
    )

    enum Level: String, ExpressibleByArgument, CaseIterable {
        case debug, info, warn, error
    }

    @OptionGroup var relay: AskedRelay

    @Flag(name: .shortAndLong, help: "Go on with what is logged from now on.")
    var follow = false

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("How many of the last lines, 0 to \(LogQuestion.maxLines).", valueName: "number")
    )
    var lines = 50

    @Option(
        help: ArgumentHelp(
            "From this level on: debug, info, warn or error. What the relay writes where it is not given.",
            valueName: "level"
        )
    )
    var level: Level?

    @Option(help: ArgumentHelp("Only security events of this name, as docs/logging.md lists them.", valueName: "name"))
    var event: String?

    @Option(
        help: ArgumentHelp(
            "Only lines about this agent: its id, or sha256: and 16 or more digits of its hash.",
            valueName: "agent"
        )
    )
    var agent: String?

    @Option(help: ArgumentHelp("Only lines that contain this text.", valueName: "text"))
    var grep: String?

    @Flag(help: "Print one JSON object a line, as the relay's log has them.")
    var json = false

    func validate() throws {
        guard (0...LogQuestion.maxLines).contains(lines) else {
            throw ValidationError("--lines is 0 to \(LogQuestion.maxLines).")
        }
        if let agent, agent.hasPrefix("sha256:"), AgentPrefix(agent) == nil {
            throw ValidationError("'\(agent)' is no hash: sha256: and 16 to 64 hexadecimal digits.")
        }
        if let event, AuditEvent(rawValue: event) == nil {
            let names = AuditEvent.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--event is one of \(names).")
        }
    }

    func run() throws {
        try relay.follow(as: "logs") { client in
            try client.logs(question) { bytes in
                try FileHandle.standardOutput.write(contentsOf: Data(bytes))
            }
        }
        guard follow else { return }
        try Terminal.note("the relay has ended, and its log with it")
        throw ExitCode(EX_UNAVAILABLE)
    }

    private var question: LogQuestion {
        var question = LogQuestion()
        question.follows = follow
        question.lines = lines
        question.level = level.flatMap { LogQuestion.Level(rawValue: $0.rawValue) }
        question.event = event
        question.agent = agent.map { (AgentPrefix($0) ?? AgentPrefix(AgentHash(agentID: $0))).description }
        question.text = grep
        question.format = json ? .json : .text(for: .standardOutput)
        return question
    }
}
