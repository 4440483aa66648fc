import Foundation
import NIOPosix
import RelayAdmin
import Synchronization
import Testing

@Suite struct SlowTests {
    private final class Questions: Sendable {
        let asked = Mutex<[SlowQuestion]>([])
    }

    /// - Returns: what the relay was asked.
    @discardableResult
    private func withRelay(
        _ document: SlowDocument,
        _ body: (String) throws -> Void
    ) async throws -> [SlowQuestion] {
        let socket = "/tmp/sl-\(UUID().uuidString.prefix(8))"
        let workers = NIOThreadPool(numberOfThreads: 1)
        workers.start()
        let server = AdminServer()
        let questions = Questions()
        let route = AdminRoute.slow(on: workers) { question in
            questions.asked.withLock { $0.append(question) }
            return document
        }
        try await server.listen(unixSocket: socket, router: AdminRouter([AdminRoute.slowPath: route]))
        let result = Result { try body(socket) }
        try await server.close()
        try await workers.shutdownGracefully()
        try result.get()
        return questions.asked.withLock { $0 }
    }

    @Test func aTableForPeople() async throws {
        let questions = try await withRelay(.sample) { (socket: String) throws in
            let outcome = try moltrelay("slow", "--socket", socket)
            #expect(outcome.status == 0)
            #expect(outcome.errors == "")
            #expect(try outcome.output == goldenText("slow.txt", actual: outcome.output))
        }
        #expect(questions == [SlowQuestion(seconds: 600, limit: 20, queued: false)])
    }

    @Test func oneObjectForScripts() async throws {
        let questions = try await withRelay(.sample) { (socket: String) throws in
            let outcome = try moltrelay("slow", "--json", "--for", "2m", "--limit", "5", "--queued", "--socket", socket)
            #expect(outcome.status == 0)
            #expect(try outcome.output == goldenText("slow.json", actual: outcome.output))
        }
        #expect(questions == [SlowQuestion(seconds: 120, limit: 5, queued: true)])
    }

    @Test func noneIsSaidSo() async throws {
        var none = SlowDocument.sample
        none.messages = []
        none.queued = true
        try await withRelay(none) { (socket: String) throws in
            let outcome = try moltrelay("slow", "--queued", "--socket", socket)
            #expect(outcome.status == 0)
            #expect(outcome.output == "No message was written out of the queue since 2026-11-23 09:20:00.000 UTC.\n")
        }
    }

    @Test func aRelayThatKeepsNothingEndsWith69() async throws {
        let off = SlowDocument(at: "2026-11-23T09:30:00.000+00:00", since: nil, queued: false, messages: [])
        try await withRelay(off) { (socket: String) throws in
            let outcome = try moltrelay("slow", "--socket", socket)
            #expect(outcome.status == 69)
            #expect(
                outcome.output
                    == "This relay keeps no messages' ways: tracing.recorder_bytes is 0, or there was no memory for it.\n"
            )
        }
    }

    @Test(arguments: [["--limit", "0"], ["--limit", "501"], ["--for", "10"], ["--for", "0s"]])
    func wrongUsageEndsWith64(arguments: [String]) throws {
        let outcome = try Run.moltrelay(["slow", "--socket", "/nonexistent/admin.sock"] + arguments, in: goldenFolder)
        #expect(outcome.status == 64)
    }

    @Test func noRelayEndsWith69() throws {
        #expect(try moltrelay("slow", "--socket", "/nonexistent/admin.sock").status == 69)
    }
}

extension SlowDocument {
    fileprivate static let sample = SlowDocument(
        at: "2026-11-23T09:30:00.000+00:00",
        since: "2026-11-23T09:20:00.000+00:00",
        queued: false,
        messages: [
            message(last: "b", 12.5, stage: "write", 12.25, fate: "dropped", reason: "disconnected"),
            message(last: "c", 0.25, stage: "enqueue", 0.2, fate: "under_way"),
            message(last: "d", 0.000_8, stage: "route", 0.000_5, fate: nil),
            message(last: "e", 0.000_7, stage: "write", 0.000_7, fate: "delivered"),
        ]
    )

    private static func message(
        last: String,
        _ seconds: Double,
        stage: String,
        _ stageSeconds: Double,
        fate: String?,
        reason: String? = nil
    ) -> Message {
        Message(
            id: "018f6d3a-7c1e-7000-8000-0123456789a" + last,
            sender: "sha256:2bd806c97f0e00af",
            recipient: "sha256:81b637d8fcd2c6da",
            mode: "at_least_once",
            writtenAt: "2026-11-23T09:29:43.120+00:00",
            seconds: seconds,
            slowestStage: stage,
            slowestStageSeconds: stageSeconds,
            stages: [Stage(stage: stage, seconds: stageSeconds)],
            fate: fate,
            reason: reason
        )
    }
}
