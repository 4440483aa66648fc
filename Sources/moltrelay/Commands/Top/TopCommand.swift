import ArgumentParser
import Foundation
import RelayAdmin

struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch the relay on this machine: rates, latency by stage, queue, health.",
        discussion: """
            Asks once a second and draws the screen anew; q ends it. Rates and latencies are of the last ten seconds, \
            the bars of single ones. In a pipe, or with --once, it prints one screen and ends.

            The same is on the relay's page, http://127.0.0.1:8080/ui by default.

            Exit codes: 0 told to end, 64 wrong usage, 69 no relay answered.

            Examples:
              moltrelay top
              moltrelay top --once
              moltrelay top --json | jq '.now.latency.p99'
            """
    )

    @OptionGroup var relay: AskedRelay

    @Flag(help: "Print one screen and end.")
    var once = false

    @Flag(help: "Print one JSON object, as docs/cli-json.md describes it.")
    var json = false

    func run() throws {
        guard !json else { return print(try ask { client throws(AdminClientError) in try client.overviewJSON() }) }
        guard !once, isatty(STDOUT_FILENO) == 1, isatty(STDIN_FILENO) == 1 else { return try printOnce() }
        // The first question tells plainly what is in the way, before the screen is taken.
        var view = TopView()
        try ask { client throws(AdminClientError) in try Self.look(client, &view) }
        try watch(&view)
    }

    private func ask<Answer>(_ question: (AdminClient) throws(AdminClientError) -> Answer) throws -> Answer {
        try relay.ask(as: "top", question)
    }

    private static func look(_ client: AdminClient, _ view: inout TopView) throws(AdminClientError) {
        let overview = try client.overview(after: view.last)
        let question = ConnectionsQuestion(sort: "outbox", limit: TopView.behind)
        view.take(overview, try client.read(client.connectionsJSON(question)))
    }

    private func printOnce() throws {
        var view = TopView()
        try ask { client throws(AdminClientError) in try Self.look(client, &view) }
        print(view.lines(width: 80, height: nil).map(\.plain).joined(separator: "\n"))
    }

    private func watch(_ view: inout TopView) throws {
        let client = try relay.client(as: "top")
        let screen = try TerminalScreen()
        defer { screen.restore() }
        while true {
            let size = screen.size
            try screen.draw(view.lines(width: size.columns, height: size.rows))
            switch screen.key(withinMilliseconds: 1000) {
            case .quit: return
            case .resized: continue
            case nil: break
            }
            do {
                try Self.look(client, &view)
            } catch {
                view.lost("\(error)")
            }
        }
    }
}
