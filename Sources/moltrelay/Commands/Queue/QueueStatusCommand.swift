import ArgumentParser
import RelayAdmin

struct QueueStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Tell how much is queued, for how long, and for whom most of it.",
        discussion: """
            What is queued was acknowledged to its sender and waits for its recipient, or for the recipient's \
            acknowledgement.

            Exit codes: 0 the relay answered, 64 wrong usage, 69 no relay answered.

            Examples:
              moltrelay queue status
              moltrelay queue status --top 50 --sort age
              moltrelay queue status --json | jq -r '.queues[] | select(.connected | not) | .agent'
            """
    )

    enum Sort: String, ExpressibleByArgument, CaseIterable {
        case messages, bytes, age
    }

    @OptionGroup var relay: AskedRelay

    @Option(help: ArgumentHelp("How many agents, 0 to \(QueueQuestion.maxLimit).", valueName: "number"))
    var top = 10

    @Option(help: "What the first of them has most of.")
    var sort = Sort.messages

    @OptionGroup var watching: Watching

    @Flag(help: "Print one JSON object, as docs/admin-api.md describes it.")
    var json = false

    func validate() throws {
        guard !(0...QueueQuestion.maxLimit).contains(top) else { return }
        throw ValidationError("--top is 0 to \(QueueQuestion.maxLimit).")
    }

    func run() throws {
        let question = QueueQuestion(sort: sort.rawValue, limit: top)
        try watching.every {
            try relay.ask(as: "queue status", within: QueueCommand.patience) { client throws(AdminClientError) in
                let answer = try client.queueJSON(question)
                return json ? answer : QueueTable(document: try client.read(answer)).text
            }
        }
    }
}

/// A queue for people. Scripts use the JSON; this may change from version to version.
struct QueueTable {
    let document: QueueDocument

    /// Without a newline at its end.
    var text: String {
        guard !document.queues.isEmpty else { return summary }
        var table = TextTable([
            ("agent", .left), ("connected", .left), ("messages", .right), ("bytes", .right), ("oldest", .right),
        ])
        for queue in document.queues {
            table.append([
                queue.agent, queue.connected ? "yes" : "no", "\(queue.messages)", byteText(queue.bytes),
                queue.oldestAgeSeconds.map(elapsed) ?? "-",
            ])
        }
        return summary + "\n\n" + table.text
    }

    private var summary: String {
        let oldest = document.oldestAgeSeconds.map { ", the oldest for \(elapsed($0))" } ?? ""
        let room = "\(byteText(document.bytes)) of \(byteText(document.maxBytes))"
        return "\(counted(document.messages, "message")) for \(counted(document.agents, "agent")), \(room)"
            + "\(oldest) (\(document.store))"
    }
}
