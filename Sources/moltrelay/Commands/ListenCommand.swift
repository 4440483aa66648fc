import ArgumentParser
import Foundation
import RelayClient
import UnixSignals
import WireProtocol

struct ListenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen",
        abstract: "Be an agent: print each message as it comes, and acknowledge it.",
        discussion: """
            Each message is printed, then acknowledged as processed, so that a message is never lost between the relay \
            and standard output. Lost connections are made again. SIGINT and SIGTERM end it.

            With --json each message is one line: id, sender, size, mode, priority, timestamp, and body, or body_base64 \
            where it is not UTF-8.

            Exit codes: 0 told to end or --count reached, 64 wrong usage, 69 no connection to the relay, 75 --timeout \
            came before --count, 77 refused by the relay's authentication, or the relay is not the one --relay-key names.

            Examples:
              moltrelay listen --agent-id bob
              moltrelay listen --agent-id bob --key bob.key --create-key
              moltrelay listen --agent-id bob --key bob.key --count 1 --timeout 30s --json
            """
    )

    @OptionGroup var agent: AgentOptions

    @Option(help: ArgumentHelp("End after this many messages.", valueName: "number"))
    var count: Int?

    @Option(help: ArgumentHelp("End after this time: a number and s, m, h or d.", valueName: "duration"))
    var timeout: Span?

    @Flag(help: "Print one JSON object a line.")
    var json = false

    @Flag(help: "Acknowledge nothing: the relay keeps the messages and sends them again.")
    var noAck = false

    func run() async throws {
        var configuration = try agent.configuration()
        configuration.onChange = { ListenNotes.note($0) }
        let ending = try await listen(RelayClient(configuration: configuration))
        if ending == .timedOut, count != nil { throw ExitCode(EX_TEMPFAIL) }
    }

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count needs a number over 0.") }
    }

    private enum Ending { case told, counted, timedOut, disconnected }

    private func listen(_ client: RelayClient) async throws -> Ending {
        async let running: Void = Self.run(client)
        let ending = try await firstEnding(client)
        client.close()
        // What was acknowledged reaches the relay before this process is gone.
        try await running
        return ending
    }

    private func firstEnding(_ client: RelayClient) async throws -> Ending {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        return try await withThrowingTaskGroup(of: Ending.self) { group in
            group.addTask { try await print(client) }
            group.addTask {
                for await _ in signals { break }
                return .told
            }
            if let timeout {
                group.addTask {
                    try await Task.sleep(for: timeout.duration)
                    return .timedOut
                }
            }
            defer { group.cancelAll() }
            return try await group.next() ?? .told
        }
    }

    private static func run(_ client: RelayClient) async throws {
        do {
            try await client.run()
        } catch let failure as ConnectionFailure {
            try Terminal.note("\(failure)")
            throw failure.exitCode
        }
    }

    private func print(_ client: RelayClient) async throws -> Ending {
        var printed = 0
        for await message in client.messages {
            let report = MessageReport(message)
            try Terminal.print(json ? report.json : report.text)
            if !noAck { message.acknowledge(.processed) }
            printed += 1
            if printed == count { return .counted }
        }
        return .disconnected
    }
}

/// What happens to the connection, for whoever watches.
enum ListenNotes {
    static func note(_ state: RelayClient.State) {
        guard let text = text(state) else { return }
        // Nobody is there to hear that standard error is gone.
        try? Terminal.note(text)
    }

    private static func text(_ state: RelayClient.State) -> String? {
        switch state {
        case .open(let terms): "connected to \(terms.relayID), messages waiting: \(terms.queue.pendingMessages)"
        case .goingAway: "the relay goes away"
        case .waiting(let milliseconds, let failure): "\(failure); again in \(milliseconds) ms"
        case .connecting, .ended: nil
        }
    }
}
