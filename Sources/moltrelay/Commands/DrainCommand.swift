import ArgumentParser
import Foundation
import RelayAdmin

struct DrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Send every agent away, for maintenance; or let them come again.",
        discussion: """
            Readiness fails first, so that load balancers look away (server.drain.readiness_delay_ms; not with --now). \
            Then new connections are refused, each agent gets GOAWAY with the time after which to come back, what is under \
            way ends within server.drain.timeout_ms, and connections close. The relay stays, answers probes and scrapes, and \
            takes agents again after --resume.

            Exit codes: 0 done, 1 not everything under way ended in time, or the drain was called off, 64 wrong usage, \
            69 no relay answered, or it refused.

            Examples:
              moltrelay drain --reconnect-delay 5s
              moltrelay drain --now --exit
              moltrelay drain --resume
            """
    )

    @OptionGroup var relay: AskedRelay

    @Option(
        help: ArgumentHelp(
            "When agents are told to come back, each with as much again of jitter. server.drain.reconnect_after_ms without.",
            valueName: "duration"
        )
    )
    var reconnectDelay: Span?

    @Flag(help: "Do not wait for load balancers to look away.")
    var now = false

    @Flag(help: "End the relay afterwards.")
    var exit = false

    @Flag(help: "Take agents again.")
    var resume = false

    @Flag(help: "Do not wait for the end.")
    var noWait = false

    @Flag(help: "Print one JSON object, as docs/admin-api.md describes it.")
    var json = false

    func validate() throws {
        if resume, exit || now || noWait || reconnectDelay != nil {
            throw ValidationError("--resume goes alone.")
        }
        if let reconnectDelay, reconnectDelay.seconds > 600 {
            throw ValidationError("--reconnect-delay is 10m at most.")
        }
    }

    func run() throws {
        guard !resume else { return try takeAgentsAgain() }
        let order = DrainOrder(
            reconnectAfterMilliseconds: reconnectDelay.map { Int($0.milliseconds) },
            now: now ? true : nil,
            exit: exit ? true : nil
        )
        let answer = try relay.ask(as: "drain") { client throws(AdminClientError) in try client.drain(order) }
        if noWait { return print(json ? answer : "draining") }
        try exit ? watchUntilItEnds() : watch()
    }

    private func takeAgentsAgain() throws {
        let answer = try relay.ask(as: "drain") { client throws(AdminClientError) in try client.resume() }
        print(json ? answer : "agents may connect again")
    }

    private func watch() throws {
        var progress = DrainProgress()
        while true {
            let (answer, document) = try relay.ask(as: "drain") { client throws(AdminClientError) in
                let answer = try client.drainState()
                return (answer, try client.read(answer, as: DrainDocument.self))
            }
            switch document.state {
            case .waiting, .draining:
                progress.show(document)
                Thread.sleep(forTimeInterval: 0.25)
            case .drained: return try conclude(document, answer, &progress)
            case .running:
                progress.end()
                try Terminal.note("the drain was called off")
                throw ExitCode(1)
            }
        }
    }

    private func conclude(_ document: DrainDocument, _ answer: String, _ progress: inout DrainProgress) throws {
        progress.end()
        let isComplete = document.complete ?? true
        let text = isComplete ? "drained" : "drained, but not everything under way ended in time"
        print(json ? answer : text + "; `moltrelay drain --resume` takes agents again")
        if !isComplete { throw ExitCode(1) }
    }

    private func watchUntilItEnds() throws {
        var progress = DrainProgress()
        let client = try relay.client(as: "drain")
        while true {
            do throws(AdminClientError) {
                progress.show(try client.read(client.drainState()))
            } catch {
                progress.end()
                guard error.isGone else {
                    return try relay.ask(as: "drain") { _ throws(AdminClientError) in throw error }
                }
                return print(json ? "{}" : "the relay has ended")
            }
            Thread.sleep(forTimeInterval: 0.25)
        }
    }
}

extension AdminClientError {
    /// Nobody is there any more; a connection that the end of the process cut is that too.
    fileprivate var isGone: Bool {
        switch reason {
        case .notRunning, .gone, .unreadable, .system: true
        default: false
        }
    }
}

/// On standard error: a line that changes at a terminal, a line for each state elsewhere.
struct DrainProgress {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var last: DrainDocument.State?

    mutating func show(_ document: DrainDocument) {
        let text = Self.text(document)
        if isTerminal {
            write("\r\u{1B}[K\(text)")
        } else if document.state != last {
            write(text + "\n")
        }
        last = document.state
    }

    mutating func end() {
        if isTerminal, last != nil { write("\r\u{1B}[K") }
        last = nil
    }

    static func text(_ document: DrainDocument) -> String {
        let left = document.secondsLeft.map { ", \(Int($0.rounded(.up))) s left" } ?? ""
        let connections = counted(document.connections, "connection")
        switch document.state {
        case .waiting: return "not ready, agents still come: \(connections)\(left)"
        case .draining:
            return "sent away: \(connections), \(counted(document.inFlight, "message")) in flight, "
                + "\(byteText(document.outboxBytes)) to be written\(left)"
        case .running: return "running: \(connections)"
        case .drained: return "drained"
        }
    }

    private func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
}
