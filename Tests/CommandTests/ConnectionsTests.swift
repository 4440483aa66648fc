import Foundation
import NIOCore
import RelayAdmin
import Synchronization
import Testing

@Suite struct ConnectionsTests {
    /// Two pages, whatever is asked for.
    private final class Answering: Sendable {
        let questions = Mutex<[ConnectionsQuestion]>([])
        let orders = Mutex<[CloseOrder]>([])
        let relay = AnsweringRelay()

        var routes: [String: AdminRoute] {
            [
                AdminRoute.connectionsPath: .connections(on: relay.workers) { question, loop in
                    self.questions.withLock { $0.append(question) }
                    let (first, last) = (ConnectionsDocument.first, ConnectionsDocument.last)
                    return loop.makeSucceededFuture(question.after == nil ? first : last)
                },
                AdminRoute.closeConnectionsPath: .verb { (order: CloseOrder) throws(AdminRefusal) in
                    self.orders.withLock { $0.append(order) }
                    return ClosedDocument(closed: order.session == nil ? 2 : 0)
                },
            ]
        }

        func outcome(_ arguments: String...) async throws -> Run {
            try await relay.whileAnswering(routes) { socket in
                try Run.moltrelay(["connections"] + arguments + ["--socket", socket])
            }
        }
    }

    @Test func `a table for people`() async throws {
        let outcome = try await Answering().outcome("list", "--limit", "2")
        #expect(outcome.status == 0 && outcome.errors == "")
        #expect(try outcome.output == goldenText("connections.txt", actual: outcome.output))
    }

    @Test func `a wide one, of all pages`() async throws {
        let answering = Answering()
        let outcome = try await answering.outcome("--limit", "0", "--wide")
        #expect(try outcome.output == goldenText("connections-wide.txt", actual: outcome.output))
        let questions = answering.questions.withLock { $0 }
        #expect(questions.map(\.after) == [nil, "1-0-2a-3"])
        #expect(questions.map(\.limit) == [1_000, 1_000])
    }

    @Test func `one object for scripts`() async throws {
        let outcome = try await Answering().outcome("list", "--limit", "2", "--json")
        #expect(try outcome.output == goldenText("connections.json", actual: outcome.output))
    }

    @Test func `what is asked for is what was said`() async throws {
        let answering = Answering()
        let agent = ["--agent", "bob", "--address", "203.0.113.0/24", "--slow", "--sort", "lag", "--limit", "2"]
        let outcome = try await answering.relay.whileAnswering(answering.routes) { socket in
            try Run.moltrelay(["connections", "list", "--socket", socket] + agent)
        }
        #expect(outcome.status == 0)
        let asked = ConnectionsQuestion(
            agent: "sha256:81b637d8fcd2c6da",
            address: "203.0.113.0/24",
            slow: true,
            sort: "lag",
            limit: 2
        )
        #expect(answering.questions.withLock { $0 } == [asked])
    }

    @Test func `an agent is closed, and a session that is not there ends with 1`() async throws {
        let agent = try await Answering().outcome("close", "bob", "--reconnect-delay", "5s")
        #expect(agent.status == 0 && agent.output == "2 connections closed\n")
        let answering = Answering()
        let session = try await answering.outcome("close", "0B4E9A52-9C4D-4F0E-8A9D-4F3C7D1E2B60")
        #expect(session.status == 1 && session.output == "no such connection\n")
        let order = CloseOrder(
            agent: nil,
            session: "0b4e9a52-9c4d-4f0e-8a9d-4f3c7d1e2b60",
            address: nil,
            reconnectAfterMilliseconds: nil
        )
        #expect(answering.orders.withLock { $0 } == [order])
    }

    @Test(arguments: [
        ["close"], ["close", "bob", "--address", "::1"], ["close", "sha256:12"], ["close", "--address", "relay"],
        ["list", "--sort", "size"], ["list", "--limit", "-1"], ["list", "--address", "1.2.3.4/64"],
        ["list", "--agent", "sha256:12"],
    ])
    func `what makes no sense ends with 64`(arguments: [String]) throws {
        #expect(try Run.moltrelay(["connections"] + arguments).status == 64)
    }

    @Test func `no relay ends with 69`() throws {
        let outcome = try moltrelay("connections", "--socket", "/nonexistent/admin.sock")
        #expect(outcome.status == 69 && outcome.output == "")
        #expect(outcome.errors.hasPrefix("moltrelay connections list: no relay is running"))
    }
}

extension ConnectionsDocument {
    fileprivate static let first = ConnectionsDocument(
        at: "2026-11-23T09:30:00.000+00:00",
        matching: 3,
        next: "1-0-2a-3",
        connections: [.slow, .greeting]
    )

    fileprivate static let last = ConnectionsDocument(
        at: "2026-11-23T09:30:00.000+00:00",
        matching: 1,
        next: nil,
        connections: [.greeting]
    )
}

extension ConnectionsDocument.Connection {
    fileprivate static let slow = Self(
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

    fileprivate static let greeting = Self(
        agent: nil,
        address: "[2001:db8::7]:40000",
        session: nil,
        state: "handshake",
        since: "2026-11-23T09:29:59.900+00:00",
        seconds: 0.1,
        eventLoop: 0,
        outboxBytes: 0,
        lagSeconds: 0,
        slowSeconds: nil,
        messagesIn: 0,
        messagesOut: 0,
        bytesIn: 0,
        bytesOut: 0,
        extensions: [],
        unheardSeconds: 0.1,
        unansweredPings: 0
    )
}
