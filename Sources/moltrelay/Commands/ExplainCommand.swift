import ArgumentParser
import Foundation
import RelayAdmin
import WireProtocol

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tell a message's way through the relay on this machine.",
        discussion: """
            Prints each stage that the message reached, when, and where the time went; what became of it, or what it \
            waits for. The id is the one that `moltrelay send` prints and the MESSAGE frame carries; a trace's id is \
            taken too, where the relay named the trace.

            The relay keeps the last messages in memory (tracing.recorder_bytes), so the answer to an older one is that \
            it is not known, and since when messages are.

            Asks through the relay's admin socket, found as `moltrelay status` finds it.

            Exit codes: 0 the message is known, 1 it is not, 64 wrong usage, 69 no relay answered or it keeps nothing.

            Examples:
              moltrelay explain 018f6d3a-7c1e-7000-8000-0123456789ab
              moltrelay explain --json 018f6d3a-7c1e-7000-8000-0123456789ab | jq '.messages[].fate'
            """
    )

    @OptionGroup var relay: AskedRelay

    @Flag(help: "Print one JSON object, as docs/cli-json.md describes it.")
    var json = false

    @Argument(
        help: ArgumentHelp("The message's id, a UUID.", valueName: "message-id"),
        transform: ExplainCommand.messageID
    )
    var id: MessageID

    func run() throws {
        let (answer, document) = try relay.ask(as: "explain") { client throws(AdminClientError) in
            let answer = try client.messageJSON(id.description)
            return (answer, try client.read(answer, as: MessageDocument.self))
        }
        let report = ExplainReport(document)
        if let text = json ? answer : report.text { print(text) }
        guard let failure = report.failure else { return }
        if !json {
            try FileHandle.standardError.write(contentsOf: Data("moltrelay explain: \(failure)\n".utf8))
        }
        throw ExitCode(document.recorder.enabled ? EXIT_FAILURE : EX_UNAVAILABLE)
    }

    @Sendable private static func messageID(_ text: String) throws -> MessageID {
        if let id = MessageID(uuid: text) ?? Hex.decode(text[...]).flatMap({ MessageID(bytes: $0) }) { return id }
        throw ValidationError("A message id is a UUID, such as 018f6d3a-7c1e-7000-8000-0123456789ab.")
    }
}
