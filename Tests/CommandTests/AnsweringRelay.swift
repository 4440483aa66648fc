import Foundation
import NIOPosix
import RelayAdmin

/// An admin socket with answers that a test gives it.
struct AnsweringRelay {
    let socket = "/tmp/ar-\(UUID().uuidString.prefix(8))"
    let workers = NIOThreadPool(numberOfThreads: 1)

    func whileAnswering<Outcome>(_ routes: [String: AdminRoute], _ body: (String) throws -> Outcome) async throws
        -> Outcome
    {
        workers.start()
        let server = AdminServer()
        try await server.listen(unixSocket: socket, router: AdminRouter(routes))
        let result = Result { try body(socket) }
        try await server.close()
        try await workers.shutdownGracefully()
        return try result.get()
    }
}
