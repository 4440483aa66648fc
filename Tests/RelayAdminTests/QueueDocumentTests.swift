import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import RelayAdmin

extension QueueDocument {
    static let sample = QueueDocument(
        at: "2026-11-23T09:30:00.000+00:00",
        store: "sqlite",
        messages: 1_204,
        bytes: 421_400,
        oldestAgeSeconds: 3_600.5,
        maxBytes: 10 << 30,
        maxMessagesPerAgent: 10_000,
        agents: 12,
        queues: [
            Queue(
                agent: "sha256:81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9",
                connected: false,
                messages: 1_000,
                bytes: 350_000,
                oldestAgeSeconds: 3_600.5
            )
        ]
    )
}

@Suite struct QueueDocumentTests {
    @Test func `the documents are those in docs/admin-api.md`() throws {
        try expectDocumented(documented("Queue")[0], is: QueueDocument.sample)
        let purging = try documented("Purging")
        try expectDocumented(purging[0], is: PurgeOrder(agent: "sha256:81b637d8fcd2c6da"))
        try expectDocumented(
            purging[1],
            is: PurgedDocument(
                agent: "sha256:81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9",
                purged: 1_000
            )
        )
        let export = try documented("Export")
        let row = QueueRow(
            recipient: "sha256:81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9",
            sender: "sha256:2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90",
            id: "018f6d3a-7c1e-7000-8000-0123456789ab",
            flags: 16,
            acceptedAt: 1_795_683_142_796,
            expiresAt: 1_796_287_942_796,
            payload: "K9gGyX8OAK8=",
            crc32: "8451ab2a"
        )
        try expectDocumented(export[0], is: row)
        let next = "81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9-0-0-2a-0-0-1"
        try expectDocumented(export[1], is: ExportPage(rows: [], next: next))
        let refused = ImportDocument.Refused(row: 4, reason: "crc32 does not hold: the row was changed or damaged")
        try expectDocumented(
            documented("Import")[0],
            is: ImportDocument(taken: 2, expired: 1, refused: [refused])
        )
    }

    @Test(
        arguments: [
            ("", QueueQuestion()), ("?sort=age&limit=0", QueueQuestion(sort: "age", limit: 0)), ("?limit=1001", nil),
        ] as [(String, QueueQuestion?)]
    )
    func `a question is taken or refused`(query: String, expected: QueueQuestion?) async throws {
        let workers = NIOThreadPool(numberOfThreads: 1)
        workers.start()
        let route = AdminRoute.queue(on: workers) { question, loop in
            var answer = QueueDocument.sample
            answer.store = "\(question)"
            return loop.makeSucceededFuture(answer)
        }
        try await withServer([AdminRoute.queuePath: route]) { port in
            let answer = try Curl.get("http://127.0.0.1:\(port)/v1/queue\(query)")
            #expect(answer.status == (expected == nil ? 400 : 200))
            guard let expected else { return }
            let document = try JSONDecoder().decode(QueueDocument.self, from: Data(answer.body.utf8))
            #expect(document.store == "\(expected)")
        }
        try await workers.shutdownGracefully()
    }
}

@Suite struct DrainDocumentTests {
    @Test func `the documents are those in docs/admin-api.md`() throws {
        let blocks = try documented("Drain")
        let document = DrainDocument(
            state: .draining,
            since: "2026-11-23T09:30:00.000+00:00",
            secondsLeft: 28.5,
            connections: 120,
            inFlight: 3,
            outboxBytes: 4_096,
            complete: nil
        )
        try expectDocumented(blocks[0], is: document)
        try expectDocumented(blocks[1], is: DrainOrder(reconnectAfterMilliseconds: 5_000, now: true, exit: false))
    }
}
