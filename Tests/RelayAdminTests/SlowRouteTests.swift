import Foundation
import NIOHTTP1
import NIOPosix
import Testing

@testable import RelayAdmin

extension SlowDocument {
    static let sample = SlowDocument(
        at: "2026-11-23T09:30:00.000+00:00",
        since: "2026-11-23T09:20:00.000+00:00",
        queued: false,
        messages: [
            Message(
                id: "018f6d3a-7c1e-7000-8000-0123456789ab",
                sender: "sha256:2bd806c97f0e00af",
                recipient: "sha256:81b637d8fcd2c6da",
                mode: "at_least_once",
                writtenAt: "2026-11-23T09:29:43.120+00:00",
                seconds: 12.5,
                slowestStage: "write",
                slowestStageSeconds: 12.25,
                stages: [
                    Stage(stage: "route", seconds: 0.125), Stage(stage: "enqueue", seconds: 0.125),
                    Stage(stage: "write", seconds: 12.25),
                ],
                fate: "dropped",
                reason: "disconnected"
            )
        ]
    )
}

@Suite struct SlowRouteTests {
    @Test func `the document is the one in docs/cli-json.md`() throws {
        try expectDocumented(documented("`moltrelay slow --json`", in: .commands)[0], is: SlowDocument.sample)
    }

    @Test(
        arguments: [
            ("", [600, 20, 0]), ("?queued", [600, 20, 1]), ("?seconds=86400&limit=500", [86_400, 500, 0]),
            ("?seconds=1&limit=1&queued", [1, 1, 1]), ("?seconds=86401", nil), ("?seconds=0", nil), ("?limit=501", nil),
            ("?limit", nil), ("?limit=ten", nil),
        ] as [(String, [Int]?)]
    )
    func `a question is taken or refused`(query: String, expected: [Int]?) async throws {
        let workers = NIOThreadPool(numberOfThreads: 1)
        workers.start()
        let route = AdminRoute.slow(on: workers) { question in
            var answer = SlowDocument.sample
            answer.at = "\([question.seconds, question.limit, question.queued ? 1 : 0])"
            return answer
        }
        try await withServer([AdminRoute.slowPath: route]) { port in
            let answer = try Curl.get("http://127.0.0.1:\(port)/v1/slow\(query)")
            #expect(answer.status == (expected == nil ? 400 : 200))
            if let expected { #expect(answer.body.contains("\(expected)")) }
        }
        try await workers.shutdownGracefully()
    }
}
