import Foundation
import RelayAdmin
import Synchronization
import Testing

@Suite struct LogLevelTests {
    /// A relay that takes every order but one for a level named `error`.
    private final class Answering: Sendable {
        let orders = Mutex<[LogLevelOrder]>([])

        var route: AdminRoute {
            .logLevel({ Self.document(nil) }) { order throws(AdminRefusal) in
                guard order.level != "error" else { throw AdminRefusal("not today") }
                self.orders.withLock { $0.append(order) }
                return Self.document(order.level)
            }
        }

        private static func document(_ level: String?) -> LogLevelDocument {
            let until = level.map { _ in "2026-11-23T09:32:43.123+00:00" }
            return LogLevelDocument(level: level ?? "info", configured: "info", until: until)
        }
    }

    private let relay = Answering()
    private let socket = "/tmp/ll-\(UUID().uuidString.prefix(8))"

    private func outcome(_ arguments: String...) async throws -> Run {
        let server = AdminServer()
        try await server.listen(unixSocket: socket, router: AdminRouter([AdminRoute.logLevelPath: relay.route]))
        let result = Result { try Run.moltrelay(["log-level"] + arguments + ["--socket", socket]) }
        try await server.close()
        return try result.get()
    }

    @Test func `without an argument it tells and changes nothing`() async throws {
        #expect(try await outcome().output == "info\n")
        #expect(relay.orders.withLock { $0 } == [])
    }

    @Test func `a level is set for a while`() async throws {
        let set = try await outcome("debug", "--for", "1h")
        #expect(set.status == 0)
        #expect(set.output == "debug until 2026-11-23T09:32:43.123+00:00, then info\n")
        #expect(try await outcome("warn").status == 0)
        #expect(
            relay.orders.withLock { $0 } == [
                LogLevelOrder(level: "debug", forSeconds: 3600), LogLevelOrder(level: "warn", forSeconds: 600),
            ]
        )
    }

    @Test func `reset goes back at once`() async throws {
        #expect(try await outcome("reset").output == "info\n")
        #expect(relay.orders.withLock { $0 } == [LogLevelOrder(level: nil, forSeconds: nil)])
    }

    @Test func `one object for scripts`() async throws {
        let json = try await outcome("debug", "--json").output
        #expect(
            json == #"{"configured":"info","level":"debug","until":"2026-11-23T09:32:43.123+00:00"}"# + "\n"
        )
    }

    @Test func `a refusal, no relay and an older one end with 69 and say so`() async throws {
        let refused = try await outcome("error")
        #expect(refused.status == 69)
        #expect(refused.errors == "moltrelay log-level: the relay behind \(socket) refuses: not today\n")

        let none = try moltrelay("log-level", "--socket", "/nonexistent/admin.sock")
        #expect(none.status == 69)
        #expect(none.errors.hasPrefix("moltrelay log-level: no relay is running"))

        let server = AdminServer()
        try await server.listen(unixSocket: socket, router: AdminRouter([:]))
        let older = Result { try moltrelay("log-level", "debug", "--socket", socket) }
        try await server.close()
        #expect(try older.get().status == 69)
        #expect(try older.get().errors.contains("does not know POST /v1/log-level: it is older than this command"))
    }

    @Test(arguments: [["loud"], ["--for", "10m"], ["reset", "--for", "10m"], ["debug", "--for", "10"]])
    func `what makes no sense ends with 64`(arguments: [String]) throws {
        #expect(try Run.moltrelay(["log-level"] + arguments).status == 64)
    }
}
