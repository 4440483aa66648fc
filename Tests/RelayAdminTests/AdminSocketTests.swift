import Foundation
import Testing

@testable import RelayAdmin

@Suite final class AdminSocketTests {
    /// Short: a socket path has 107 bytes.
    private let folder = "/tmp/ra-\(UUID().uuidString.prefix(8))"
    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private var path: String { folder + "/admin.sock" }

    private func status() throws -> StatusDocument { try AdminClient(socketPath: path).status() }

    private func withSocket(_ body: () throws -> Void) async throws {
        let server = AdminServer()
        try await server.listen(unixSocket: path, router: AdminRouter(["/v1/status": .status { .sample }]))
        let result = Result(catching: body)
        try await server.close()
        try result.get()
    }

    @Test func `the socket is its owner's only, answers, and is gone afterwards`() async throws {
        try await withSocket { () throws in
            var file = stat()
            #expect(lstat(path, &file) == 0)
            #expect(file.st_mode & S_IFMT == S_IFSOCK)
            #expect(file.st_mode & 0o777 == 0o600)
            #expect(try status() == .sample)
            let answer = try Curl.get("http://relay/v1/status", "--unix-socket", path)
            #expect(answer.status == 200)
            #expect(answer.head.contains("content-type: application/json"))
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `the socket of a relay that died is replaced`() async throws {
        let (descriptor, _) = try UnixSocketFile.listen(path: path, backlog: 1)
        close(descriptor)
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(throws: AdminClientError(socketPath: path, reason: .gone)) {
            try AdminClient(socketPath: path).status()
        }
        try await withSocket { () throws in
            #expect(try status() == .sample)
        }
    }

    @Test func `the socket of a relay that runs is left alone, and its process named`() async throws {
        try await withSocket { () throws in
            let expected = ListenerError(address: path, reason: .answeredBy(pid: getpid()))
            #expect(throws: expected) { try UnixSocketFile.listen(path: path, backlog: 1) }
            #expect(
                expected.description == "cannot listen on \(path): another relay, process \(getpid()), is running there"
            )
            #expect(try status() == .sample)
        }
    }

    @Test func `what is no socket is left alone`() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data("mine".utf8).write(to: URL(filePath: path))
        #expect(throws: ListenerError(address: path, reason: .notASocket)) {
            try UnixSocketFile.listen(path: path, backlog: 1)
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
    }

    @Test func `a socket that took the place of ours is not removed`() throws {
        let (first, firstFile) = try UnixSocketFile.listen(path: path, backlog: 1)
        close(first)
        let (second, secondFile) = try UnixSocketFile.listen(path: path, backlog: 1)
        firstFile.remove()
        #expect(FileManager.default.fileExists(atPath: path))
        secondFile.remove()
        #expect(!FileManager.default.fileExists(atPath: path))
        close(second)
    }

    @Test func `a path that is too long, or nowhere, is told`() {
        let long = "/tmp/" + String(repeating: "x", count: 200)
        #expect(throws: ListenerError(address: long, reason: .pathTooLong(limit: 107))) {
            try UnixSocketFile.listen(path: long, backlog: 1)
        }
        let nowhere = "/nonexistent/folder/admin.sock"
        #expect(throws: ListenerError(address: nowhere, reason: .system(code: ENOENT))) {
            try UnixSocketFile.listen(path: nowhere, backlog: 1)
        }
    }

    @Test func `no relay, one that hangs and one that is something else are told apart`() throws {
        #expect(throws: AdminClientError(socketPath: path, reason: .notRunning)) {
            try AdminClient(socketPath: path).status()
        }
        let (descriptor, file) = try UnixSocketFile.listen(path: path, backlog: 1)
        #expect(throws: AdminClientError(socketPath: path, reason: .timedOut)) {
            try AdminClient(socketPath: path, timeout: .milliseconds(10)).status()
        }
        file.remove()
        close(descriptor)
        #expect(AdminClientError.Reason(code: EACCES) == .permissionDenied)
    }

    @Test func `a relay without the page says so`() async throws {
        let server = AdminServer()
        try await server.listen(unixSocket: path, router: AdminRouter(["/other": .fixed("x")]))
        let unknown = AdminClientError(socketPath: path, reason: .unknownRequest("GET /v1/status"))
        #expect(throws: unknown) { try AdminClient(socketPath: path).status() }
        try await server.close()
    }
}
