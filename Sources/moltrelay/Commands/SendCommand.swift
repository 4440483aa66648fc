import ArgumentParser
import Foundation
import Identity
import RelayClient
import WireProtocol

struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send one message to an agent, and tell what became of it.",
        discussion: """
            Prints what the relay or the recipient said of the message, and its id:
              queued     the relay has it on disk; the recipient gets it when it connects
              received   the recipient has it
              processed  the recipient is done with it
              written    best effort: it left, and nobody says more

            Exit codes: 0 one of these, 1 the relay will not take this message, 64 wrong usage, 69 no connection to the \
            relay, 75 not now: try again later, 77 refused by the relay's authentication, or the relay is not the one \
            --relay-key names.

            Examples:
              moltrelay send --to bob "hello"
              moltrelay send --agent-id alice --to bob "hello from alice"
              echo '{"task": "sum"}' | moltrelay send --to bob --ttl 1h --priority high -
              moltrelay send --to sha256:81b6... --best-effort --json "are you there?"
            """
    )

    enum Priority: String, CaseIterable, ExpressibleByArgument {
        case critical, high, normal, low, bulk

        var value: UInt8 {
            switch self {
            case .critical: 0
            case .high: 64
            case .normal: 128
            case .low: 192
            case .bulk: 255
            }
        }
    }

    enum Mode: EnumerableFlag {
        case atLeastOnce, bestEffort, exactlyOnce

        var value: DeliveryMode {
            switch self {
            case .atLeastOnce: .atLeastOnce
            case .bestEffort: .bestEffort
            case .exactlyOnce: .exactlyOnce
            }
        }

        static func help(for value: Mode) -> ArgumentHelp? {
            switch value {
            case .atLeastOnce: "Keep it until the recipient has it; it may come twice."
            case .bestEffort: "Only to a recipient that is connected now; nobody acknowledges it."
            case .exactlyOnce: "As --at-least-once, and the relay remembers the id for a day."
            }
        }
    }

    @OptionGroup var agent: AgentOptions

    @Option(help: ArgumentHelp("The agent it is for: its id, or sha256: and the hash of it.", valueName: "id"))
    var to: String

    @Flag(exclusivity: .exclusive) var mode = Mode.atLeastOnce

    @Option(help: ArgumentHelp("How long the relay keeps it: a number and s, m, h or d.", valueName: "duration"))
    var ttl: Span?

    @Option(help: "critical, high, normal, low or bulk.")
    var priority = Priority.normal

    @Option(help: ArgumentHelp("How long to wait for the acknowledgement.", valueName: "duration"))
    var timeout = Span(seconds: 10)

    @Option(help: ArgumentHelp("The id of an earlier try, so that the message is not taken twice.", valueName: "uuid"))
    var id: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @Argument(help: "The message; - reads it from standard input.")
    var body: String

    func run() async throws {
        let configuration = try agent.configuration()
        let envelope = try message()
        let options = options()
        let client = RelayClient(configuration: configuration)
        async let running: Void = client.run()
        let result: Result<Receipt, SendError>
        do throws(SendError) {
            result = .success(try await client.send(envelope, to: recipient, options: options))
        } catch {
            result = .failure(error)
        }
        client.close()
        // Its end is the send's too, and is told there.
        _ = try? await running
        let report = SendReport(result, id: options.id, bytes: envelope.count)
        try json ? Terminal.print(report.json) : report.printText()
        if let code = report.exitCode { throw code }
    }

    func validate() throws {
        if to.isEmpty { throw ValidationError("--to needs an agent.") }
        if to.hasPrefix("sha256:"), AgentHash(to) == nil {
            throw ValidationError("--to: sha256: is followed by 64 hex digits.")
        }
        if let id, MessageID(uuid: id) == nil { throw ValidationError("--id is not a UUID.") }
        if id != nil, agent.agentId == nil, agent.key == nil {
            throw ValidationError("--id is one of an agent's own ids: it needs --agent-id or --key.")
        }
    }

    private var recipient: AgentHash {
        to.hasPrefix("sha256:") ? AgentHash(to) ?? AgentHash(agentID: to) : AgentHash(agentID: to)
    }

    private func options() -> SendOptions {
        SendOptions(
            mode: mode.value,
            timeToLive: ttl?.duration,
            priority: priority.value,
            timeout: timeout.duration,
            id: id.flatMap { MessageID(uuid: $0) } ?? .random()
        )
    }

    private func message() throws -> [UInt8] {
        guard body == "-" else { return Array(body.utf8) }
        let limit = FrameHeader.maxPayloadBytes
        let input = try FileHandle.standardInput.read(upToCount: limit + 1) ?? Data()
        guard input.count <= limit else { throw ValidationError("Standard input holds more than \(limit) bytes.") }
        return Array(input)
    }
}
