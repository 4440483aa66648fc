import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import RelayAdmin

extension ConnectionsDocument {
    static let sample = ConnectionsDocument(
        at: "2026-11-23T09:30:00.000+00:00",
        matching: 1204,
        next: "5af3107a4000-1-2a-3",
        connections: [
            Connection(
                agent: "sha256:81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9",
                address: "203.0.113.7:51234",
                session: "0b4e9a52-9c4d-4f0e-8a9d-4f3c7d1e2b60",
                state: "open",
                since: "2026-11-23T09:22:43.123+00:00",
                seconds: 436.877,
                eventLoop: 1,
                outboxBytes: 6_815_744,
                lagSeconds: 2.5,
                slowSeconds: 1.25,
                messagesIn: 12,
                messagesOut: 4_096,
                bytesIn: 6_120,
                bytesOut: 1_310_720,
                extensions: ["batching", "ack:binary"],
                unheardSeconds: 31.5,
                unansweredPings: 1
            )
        ]
    )
}

@Suite struct ConnectionsDocumentTests {
    @Test func `the documents are those in docs/admin-api.md`() throws {
        try expectDocumented(documented("Connections")[0], is: ConnectionsDocument.sample)
        let closing = try documented("Closing connections")
        let order = CloseOrder(
            agent: "sha256:81b637d8fcd2c6da",
            session: nil,
            address: nil,
            reconnectAfterMilliseconds: 5_000
        )
        try expectDocumented(closing[0], is: order)
        try expectDocumented(closing[1], is: ClosedDocument(closed: 2))
    }

    @Test(
        arguments: [
            ("", ConnectionsQuestion()), ("?slow&limit=1000", ConnectionsQuestion(slow: true, limit: 1_000)),
            (
                "?agent=sha256:00&session=s&address=::1/64&sort=lag&after=1-2-3-4",
                ConnectionsQuestion(agent: "sha256:00", session: "s", address: "::1/64", sort: "lag", after: "1-2-3-4")
            ), ("?limit=0", nil), ("?limit=1001", nil), ("?limit", nil),
        ] as [(String, ConnectionsQuestion?)]
    )
    func `a question is taken or refused`(query: String, expected: ConnectionsQuestion?) async throws {
        let workers = NIOThreadPool(numberOfThreads: 1)
        workers.start()
        let route = AdminRoute.connections(on: workers) { question, loop in
            var answer = ConnectionsDocument.sample
            answer.next = "\(question)"
            return loop.makeSucceededFuture(answer)
        }
        try await withServer([AdminRoute.connectionsPath: route]) { port in
            let answer = try Curl.get("http://127.0.0.1:\(port)/v1/connections\(query)")
            #expect(answer.status == (expected == nil ? 400 : 200))
            guard let expected else { return }
            let document = try JSONDecoder().decode(ConnectionsDocument.self, from: Data(answer.body.utf8))
            #expect(document.next == "\(expected)")
        }
        try await workers.shutdownGracefully()
    }

    struct Silent: Error {}

    @Test func `a failure is answered 503 and a refusal 400`() async throws {
        let workers = NIOThreadPool(numberOfThreads: 1)
        workers.start()
        let routes = [
            "/silent": AdminRoute.connections(on: workers) { _, loop in loop.makeFailedFuture(Silent()) },
            "/refused": AdminRoute.connections(on: workers) { _, _ throws(AdminRefusal) in throw AdminRefusal("no") },
        ]
        try await withServer(routes) { port in
            #expect(try Curl.get("http://127.0.0.1:\(port)/silent").status == 503)
            let refused = try Curl.get("http://127.0.0.1:\(port)/refused")
            #expect(refused.status == 400 && refused.body == "no\n")
        }
        try await workers.shutdownGracefully()
    }
}
