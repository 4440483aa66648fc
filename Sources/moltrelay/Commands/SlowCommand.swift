import ArgumentParser
import Foundation
import RelayAdmin

struct SlowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slow",
        abstract: "List the slowest messages of the last minutes on this machine's relay.",
        discussion: """
            From a message's arrival to its first write to its recipient, with the stage of its way that took most of it: \
            route (the event loop was busy), store (exactly once is durable first), enqueue (the connection had not \
            taken what came before), write (the recipient or its network reads slowly). What waited in the queue for its recipient is listed with --queued.

            The relay keeps 64 a minute and event loop, for 15 minutes. `moltrelay explain` tells one message's way.

            Exit codes: 0 the relay answered, 64 wrong usage, 69 no relay answered or it keeps nothing.

            Examples:
              moltrelay slow
              moltrelay slow --for 2m --limit 5
              moltrelay slow --json | jq -r '.messages[].id'
            """
    )

    @OptionGroup var relay: AskedRelay

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How far back: a number and s, m, h or d.", valueName: "duration")
    )
    var span = Span(seconds: 600)

    @Option(help: ArgumentHelp("How many at most, 1 to \(SlowQuestion.maxMessages).", valueName: "number"))
    var limit = 20

    @Flag(help: "Those that waited in the queue for their recipient.")
    var queued = false

    @Flag(help: "Print one JSON object, as docs/cli-json.md describes it.")
    var json = false

    func validate() throws {
        guard !(1...SlowQuestion.maxMessages).contains(limit) else { return }
        throw ValidationError("--limit is 1 to \(SlowQuestion.maxMessages).")
    }

    func run() throws {
        let seconds = min(Int(clamping: span.seconds), SlowQuestion.maxSeconds)
        let question = SlowQuestion(seconds: seconds, limit: limit, queued: queued)
        let (answer, document) = try relay.ask(as: "slow") { client throws(AdminClientError) in
            let answer = try client.slowJSON(question)
            return (answer, try client.read(answer, as: SlowDocument.self))
        }
        print(json ? answer : SlowTable(document).text)
        if document.since == nil { throw ExitCode(EX_UNAVAILABLE) }
    }
}
