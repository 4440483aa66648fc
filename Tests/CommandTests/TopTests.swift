import Foundation
import NIOCore
import NIOPosix
import RelayAdmin
import Telemetry
import Testing

@testable import moltrelay

@Suite struct TopTests {
    private func overview(_ change: (inout OverviewDocument) -> Void = { _ in }) throws -> OverviewDocument {
        var document = try JSONDecoder().decode(OverviewDocument.self, from: Data(golden("overview.json").utf8))
        change(&document)
        return document
    }

    private func golden(_ name: String) throws -> String {
        try String(contentsOf: goldenFolder.appending(path: name), encoding: .utf8)
    }

    private func text(_ view: TopView, width: Int = 80, height: Int? = nil) -> String {
        view.lines(width: width, height: height).map(\.plain).joined(separator: "\n") + "\n"
    }

    private func outcome(_ arguments: String...) async throws -> Run {
        try await whileAnswering { socket in try Run.moltrelay(["top"] + arguments + ["--socket", socket]) }
    }

    private func whileAnswering<Outcome>(_ body: (String) throws -> Outcome) async throws -> Outcome {
        let (document, relay) = (try overview(), AnsweringRelay())
        let routes = [
            AdminRoute.overviewPath: AdminRoute.overview { _ in document },
            AdminRoute.connectionsPath: .connections(on: relay.workers) { question, loop throws(AdminRefusal) in
                loop.makeSucceededFuture(.behind(question))
            },
        ]
        return try await relay.whileAnswering(routes, body)
    }

    @Test(arguments: ["q", "\u{3}", "\u{4}"])
    func `at a terminal it draws to its size, and gives the screen back`(key: String) async throws {
        try await whileAnswering { socket in
            let terminal = try PseudoTerminal(columns: 80, rows: 24)
            try terminal.run(["top", "--socket", socket])
            #expect(terminal.reads { $0.contains("\u{1B}[?1049h\u{1B}[?25l") && $0.contains("in flight") })
            #expect(!terminal.isCooked)
            terminal.forget()
            terminal.resize(columns: 30, rows: 5)
            // The frame that was under way comes first.
            let frame = "\u{1B}[H"
            #expect(
                terminal.reads { seen in
                    let frames = seen.components(separatedBy: frame).dropFirst().dropLast()
                    return frames.contains { $0.components(separatedBy: "\r\n").count == 5 }
                }
            )
            terminal.type(key)
            #expect(terminal.reads { $0.hasSuffix("\u{1B}[?25h\u{1B}[?1049l") })
            #expect(terminal.end() == 0)
            #expect(terminal.isCooked)
        }
    }

    @Test(arguments: [[], ["--once"]])
    func `in a pipe it is one screen`(arguments: [String]) async throws {
        let outcome = try await arguments.isEmpty ? outcome() : outcome("--once")
        #expect(outcome.status == 0)
        #expect(try outcome.output == goldenText("top.txt", actual: outcome.output))
    }

    @Test func `one object for scripts`() async throws {
        let outcome = try await outcome("--json")
        #expect(try JSONDecoder().decode(OverviewDocument.self, from: Data(outcome.output.utf8)) == overview())
    }

    @Test func `no relay ends with 69`() throws {
        let outcome = try moltrelay("top", "--socket", "/nonexistent/admin.sock")
        #expect(outcome.status == 69)
        #expect(outcome.errors.hasPrefix("moltrelay top: no relay is running"))
    }

    @Test func `lines end where the screen does`() throws {
        var view = TopView()
        view.take(try overview(), .none)
        for (width, height) in [(20, 5), (1, 1), (300, 100)] {
            let lines = view.lines(width: width, height: height)
            #expect(lines.count <= height)
            #expect(lines.allSatisfy { $0.width <= width })
        }
    }

    @Test func `what is not well is said with its reason`() throws {
        var view = TopView()
        view.take(
            try overview { document in
                document.status.health.ready = false
                document.health.checks[0].status = "fail"
                document.health.checks[0].reason = "disk full"
                document.health.checks[1].status = "warn"
                document.health.checks[1].reason = "nearly full"
            },
            .none
        )
        let text = text(view)
        #expect(text.contains("[x] not ready"))
        #expect(text.contains("health             [x] \(try overview().health.checks[0].name): disk full\n"))
        #expect(text.contains("[!] \(try overview().health.checks[1].name): nearly full\n"))
        view.take(try overview { $0.status.state = .draining }, .none)
        #expect(self.text(view).contains("[-] draining"))
    }

    @Test func `a relay that is gone leaves its last numbers, marked`() throws {
        var view = TopView()
        view.take(try overview(), .none)
        #expect(view.last == 4)
        view.lost("no relay is running")
        #expect(view.last == 0, "the next one begins anew")
        let text = text(view)
        #expect(text.contains("[?] not reached"))
        #expect(text.contains("not reached since 2026-11-23 09:30:00.000 UTC: no relay is running"))
        #expect(text.contains("delivered 358"))
    }

    @Test func `bars are by the largest value, gaps stay gaps`() {
        #expect(Sparkline.text([0, 1, 2, nil, 7]) == "▁▂▃ █")
        #expect(Sparkline.text([0, 0]) == "▁▁")
        #expect(Sparkline.text([Double?]()) == "")
    }

    @Test(arguments: [
        (0, "0"), (7.44, "7.4"), (9.0, "9"), (358.1, "358"), (9_999, "9999"), (12_345, "12.3k"), (4.05e6, "4.1M"),
    ])
    func `counts are short`(value: Double, text: String) {
        #expect(shortCount(value) == text)
    }
}

extension ConnectionsDocument {
    fileprivate static let none = ConnectionsDocument(at: "", matching: 0, next: nil, connections: [])

    /// One that is slow, where the fullest outboxes are asked for.
    fileprivate static func behind(_ question: ConnectionsQuestion) -> ConnectionsDocument {
        guard question.sort == "outbox" else { return .none }
        var document = none
        document.connections = [
            Connection(
                agent: "sha256:2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90",
                address: "192.0.2.1:4711",
                session: "session",
                state: "open",
                since: "2026-11-23T09:22:43.123+00:00",
                seconds: 60,
                eventLoop: 0,
                outboxBytes: 1024,
                lagSeconds: 2.5,
                slowSeconds: 2,
                messagesIn: 1,
                messagesOut: 2,
                bytesIn: 3,
                bytesOut: 4,
                extensions: [],
                unheardSeconds: 0,
                unansweredPings: 0
            )
        ]
        return document
    }
}
