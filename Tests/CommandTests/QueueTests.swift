import Foundation
import NIOCore
import NIOPosix
import RelayAdmin
import Synchronization
import Testing

@Suite struct QueueTests {
    /// A queue of two pages; takes every row that says it is one.
    private final class Answering: Sendable {
        let questions = Mutex<[QueueQuestion]>([])
        let orders = Mutex<[PurgeOrder]>([])
        let bodies = Mutex<[String]>([])
        let relay = AnsweringRelay()

        var routes: [String: AdminRoute] {
            [
                AdminRoute.queuePath: .queue(on: relay.workers) { question, loop in
                    self.questions.withLock { $0.append(question) }
                    return loop.makeSucceededFuture(.sample)
                },
                AdminRoute.purgeQueuePath: .verb { (order: PurgeOrder) throws(AdminRefusal) in
                    self.orders.withLock { $0.append(order) }
                    return PurgedDocument(agent: order.agent, purged: 1_000)
                },
                AdminRoute.exportQueuePath: .exportQueue(on: relay.workers) { _, after, loop in
                    let rows = after == nil ? ["first", "second"] : ["third"]
                    let page = ExportPage(rows: rows.map(QueueRow.init), next: after == nil ? "next" : nil)
                    return loop.makeSucceededFuture(page)
                },
                AdminRoute.importQueuePath: .importQueue { rows, _, loop in
                    let text = String(buffer: rows)
                    self.bodies.withLock { $0.append(text) }
                    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                    let bad = lines.indices.filter { !lines[$0].hasPrefix("{") }
                    let refused = bad.map { ImportDocument.Refused(row: $0, reason: "not a row") }
                    let taken = lines.count - bad.count
                    return loop.makeSucceededFuture(ImportDocument(taken: taken, expired: 0, refused: refused))
                },
            ]
        }

        func outcome(_ arguments: String..., input: String? = nil) async throws -> Run {
            try await relay.whileAnswering(routes) { socket in
                try Run.moltrelay(["queue"] + arguments + ["--socket", socket], input: input)
            }
        }
    }

    @Test func `a table for people`() async throws {
        let answering = Answering()
        let outcome = try await answering.outcome("status", "--top", "2", "--sort", "bytes")
        #expect(outcome.status == 0 && outcome.errors == "")
        #expect(try outcome.output == goldenText("queue.txt", actual: outcome.output))
        #expect(answering.questions.withLock { $0 } == [QueueQuestion(sort: "bytes", limit: 2)])
    }

    @Test func `one object for scripts`() async throws {
        let outcome = try await Answering().outcome("--json")
        #expect(try outcome.output == goldenText("queue.json", actual: outcome.output))
    }

    @Test func `a purge is not begun where nobody could confirm it`() async throws {
        let answering = Answering()
        let outcome = try await answering.outcome("purge", "bob")
        #expect(outcome.status == 64 && outcome.output == "")
        #expect(outcome.errors == "moltrelay: this cannot be undone: --yes says that it is meant\n")
        #expect(answering.orders.withLock { $0 } == [])
    }

    @Test(arguments: [
        ("y\n", true), ("YES\n", true), ("n\n", false), ("\n", false), ("yesterday\n", false), ("\u{4}", false),
    ])
    func `at a terminal a purge is asked for, and only a yes is one`(answer: String, isMeant: Bool) async throws {
        let answering = Answering()
        try await answering.relay.whileAnswering(answering.routes) { socket in
            let terminal = try PseudoTerminal()
            try terminal.run(["queue", "purge", "bob", "--socket", socket])
            #expect(terminal.reads { $0.contains("Drop everything that is queued for bob? [y/N] ") })
            #expect(answering.orders.withLock { $0 } == [])
            terminal.type(answer)
            if isMeant { #expect(terminal.reads { $0.contains("1000 messages dropped") }) }
            #expect(terminal.end() == (isMeant ? 0 : 1))
        }
        #expect(answering.orders.withLock { $0 }.count == (isMeant ? 1 : 0))
    }

    @Test func `a purge names the agent by its whole hash where it can`() async throws {
        let answering = Answering()
        let outcome = try await answering.outcome("purge", "bob", "--yes")
        #expect(outcome.status == 0 && outcome.output == "1000 messages dropped\n")
        _ = try await Answering().outcome("purge", "sha256:81b637d8fcd2c6da", "--yes")
        let hash = "sha256:81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9"
        #expect(answering.orders.withLock { $0 } == [PurgeOrder(agent: hash)])
    }

    @Test func `an export is whole, its owner's alone, and takes nobody's place`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "export-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = folder + "/queue.jsonl"
        let outcome = try await Answering().outcome("export", "--output", file)
        #expect(outcome.status == 0 && outcome.output == "3 messages in \(file)\n")
        let lines = try contents(file).split(separator: "\n")
        #expect(lines.count == 5)
        #expect(lines.first?.contains(#""format":"moltrelay-queue","version":1"#) == true)
        #expect(lines.last == #"{"end":3}"#)
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let again = try await Answering().outcome("export", "--output", file)
        #expect(again.status == 74 && again.errors.hasSuffix("File exists\n"))
        #expect(try contents(file).split(separator: "\n") == lines)
    }

    private static let head = #"{"at":"now","format":"moltrelay-queue","version":1}"# + "\n"

    @Test func `lines that are wrong are told by number and the others are taken`() async throws {
        let outcome = try await Answering().outcome(
            "import",
            "-",
            input: Self.head + "{}\nnothing\n{}\n\n" + #"{"end":4}"# + "\n"
        )
        #expect(outcome.status == 1 && outcome.output == "2 messages imported, 2 refused\n")
        #expect(outcome.errors == "moltrelay: -: line 3: not a row\nmoltrelay: -: line 5: not a row\n")
    }

    @Test(arguments: [
        ("", "no export of a queue"), ("{}\n", "no export of a queue"),
        (#"{"at":"now","format":"moltrelay-queue","version":2}"# + "\n", "version 2, this relay knows version 1"),
        (head + "{}\n{}\n", "cut short"), (head + "{}\n" + #"{"end":"#, "cut short"),
        (head + "{}\n" + #"{"end":2}"# + "\n", "it has 1 messages, its last line says 2"),
    ])
    func `a file that is none, or not whole, is told`(input: String, complaint: String) async throws {
        let outcome = try await Answering().outcome("import", "-", input: input)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains(complaint), "\(outcome.errors)")
    }

    @Test func `a large file goes in pieces that the relay takes`() async throws {
        let answering = Answering()
        let row = #"{"payload":""# + String(repeating: "A", count: 1_000) + #""}"# + "\n"
        let input = Self.head + String(repeating: row, count: 2_500) + #"{"end":2500}"# + "\n"
        let outcome = try await answering.outcome("import", "-", input: input)
        #expect(outcome.status == 0 && outcome.output == "2500 messages imported\n")
        #expect(answering.bodies.withLock { $0.map { $0.split(separator: "\n").count } } == [1_000, 1_000, 500])
    }

    @Test(arguments: [
        ["status", "--top", "1001"], ["status", "--sort", "size"], ["purge"], ["purge", "sha256:12", "--yes"],
        ["import"], ["export", "--agent", "sha256:12"],
    ])
    func `what makes no sense ends with 64`(arguments: [String]) throws {
        #expect(try Run.moltrelay(["queue"] + arguments).status == 64)
    }

    @Test func `no file and no relay end as they should`() throws {
        #expect(try moltrelay("queue", "import", "/nonexistent").status == 66)
        #expect(try moltrelay("queue", "--socket", "/nonexistent/admin.sock").status == 69)
        #expect(try moltrelay("queue", "export", "--socket", "/nonexistent/admin.sock").status == 69)
    }
}

extension QueueRow {
    fileprivate init(_ name: String) {
        self.init(recipient: name, sender: "", id: "", flags: 0, acceptedAt: 0, expiresAt: 0, payload: "", crc32: "")
    }
}

extension QueueDocument {
    fileprivate static let sample = QueueDocument(
        at: "2026-11-23T09:30:00.000+00:00",
        store: "sqlite",
        messages: 1_204,
        bytes: 421_400,
        oldestAgeSeconds: 3_600.5,
        maxBytes: 10 << 30,
        maxMessagesPerAgent: 10_000,
        agents: 2,
        queues: [
            Queue(
                agent: "sha256:81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9",
                connected: false,
                messages: 1_203,
                bytes: 421_050,
                oldestAgeSeconds: 3_600.5
            ),
            Queue(
                agent: "sha256:2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90",
                connected: true,
                messages: 1,
                bytes: 350,
                oldestAgeSeconds: 0.05
            ),
        ]
    )
}
