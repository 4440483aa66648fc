import Foundation
import NIOPosix
import RelayAdmin
import Testing

@Suite struct ExplainTests {
    private static let id = "018f6d3a-7c1e-7000-8000-0123456789ab"

    /// - Parameter find: what the relay would answer for an id.
    private func withRelay(
        _ find: @escaping @Sendable (String) -> MessageDocument?,
        _ body: (String) throws -> Void
    ) async throws {
        let socket = "/tmp/ex-\(UUID().uuidString.prefix(8))"
        let workers = NIOThreadPool(numberOfThreads: 1)
        workers.start()
        let server = AdminServer()
        let route = AdminRoute.messages(on: workers, find: find)
        try await server.listen(unixSocket: socket, router: AdminRouter([AdminRoute.messagesPath: route]))
        let result = Result { try body(socket) }
        try await server.close()
        try await workers.shutdownGracefully()
        try result.get()
    }

    private func explain(_ socket: String, _ arguments: String...) throws -> Run {
        try Run.moltrelay(["explain"] + arguments + ["--socket", socket], in: goldenFolder)
    }

    @Test(arguments: ["delivered", "queued", "dropped", "refused", "waiting", "two"])
    func aWayForPeople(name: String) async throws {
        let sample = try #require(MessageDocument.samples[name])
        try await withRelay({ $0 == Self.id ? sample : nil }) { (socket: String) throws in
            let outcome = try explain(socket, Self.id)
            #expect(outcome.status == 0)
            #expect(outcome.errors == "")
            #expect(try outcome.output == goldenText("explain-\(name).txt", actual: outcome.output))
        }
    }

    @Test func oneObjectForScripts() async throws {
        try await withRelay({ _ in .samples["delivered"] }) { (socket: String) throws in
            let outcome = try explain(socket, "--json", Self.id)
            #expect(outcome.status == 0)
            #expect(try outcome.output == goldenText("explain.json", actual: outcome.output))
        }
    }

    /// As Jaeger and others show a trace that the relay named.
    @Test(arguments: ["018f6d3a7c1e700080000123456789ab", "018F6D3A-7C1E-7000-8000-0123456789AB"])
    func otherFormsOfAnID(text: String) async throws {
        try await withRelay({ $0 == Self.id ? .samples["delivered"] : nil }) { (socket: String) throws in
            #expect(try explain(socket, text).status == 0)
        }
    }

    @Test(arguments: ["unknown", "unknown-queue"]) func whatIsNotKnownEndsWith1(name: String) async throws {
        let sample = try #require(MessageDocument.samples[name])
        try await withRelay({ _ in sample }) { (socket: String) throws in
            let outcome = try explain(socket, Self.id)
            #expect(outcome.status == 1)
            #expect(outcome.output == "")
            #expect(try outcome.errors == goldenText("explain-\(name).txt", actual: outcome.errors))
            let json = try explain(socket, "--json", Self.id)
            #expect(json.status == 1)
            #expect(json.output.contains(#""messages":[]"#))
        }
    }

    @Test func aRelayThatKeepsNothingEndsWith69() async throws {
        try await withRelay({ _ in .samples["off"] }) { (socket: String) throws in
            let outcome = try explain(socket, Self.id)
            #expect(outcome.status == 69)
            #expect(
                outcome.errors
                    == "moltrelay explain: this relay keeps no messages' ways: tracing.recorder_bytes is 0, "
                    + "or there was no memory for it\n"
            )
        }
    }

    @Test(arguments: ["", "018f6d3a", "018f6d3a-7c1e-7000-8000-0123456789a", "018f6d3a-7c1e-7000-8000-0123456789ag"])
    func whatIsNoIDEndsWith64(text: String) throws {
        let outcome = try moltrelay("explain", text, "--socket", "/nonexistent/admin.sock")
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("A message id is a UUID"))
    }

    @Test func noRelayEndsWith69() throws {
        let outcome = try moltrelay("explain", Self.id, "--socket", "/nonexistent/admin.sock")
        #expect(outcome.status == 69)
        #expect(outcome.errors.contains("no relay is running"))
    }

    /// An older relay has no such path.
    @Test func anotherAnswerEndsWith69() async throws {
        let socket = "/tmp/ex-\(UUID().uuidString.prefix(8))"
        let server = AdminServer()
        try await server.listen(unixSocket: socket, router: AdminRouter([:]))
        let outcome = Result { try explain(socket, Self.id) }
        try await server.close()
        #expect(try outcome.get().status == 69)
        #expect(try outcome.get().errors.contains("GET /v1/messages/"))
    }
}
