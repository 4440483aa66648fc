import Foundation
import Testing

@testable import RelayAdmin

@Suite final class AdminSocketTests {
    /// Short: a socket path has 107 bytes.
    private let folder = "/tmp/ra-\(UUID().uuidString.prefix(8))"
    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private var path: String { folder + "/admin.sock" }

    private func status() throws -> StatusDocument { try AdminClient(.socket(path)).status() }

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

    @Test func `a group's members may use the socket too`() throws {
        let group = try SocketGroup("\(getegid())", of: "admin.socket_group")
        let (descriptor, socket) = try UnixSocketFile.listen(path: path, group: group, backlog: 1)
        var file = stat()
        #expect(lstat(path, &file) == 0 && file.st_mode & 0o777 == 0o660 && file.st_gid == getegid())
        socket.remove()
        close(descriptor)
        // Any other group is root's alone to give.
        guard getuid() == 0 else { return }
        let daemon = try SocketGroup("daemon", of: "admin.socket_group")
        let (second, _) = try UnixSocketFile.listen(path: path, group: daemon, backlog: 1)
        #expect(lstat(path, &file) == 0 && file.st_gid == daemon.id && daemon.id != getegid())
        close(second)
    }

    @Test func `a group that does not exist is told, with what to do`() {
        let unknown = SocketGroup.Unknown(name: "no-such-group", place: "admin.socket_group")
        #expect(throws: unknown) { try SocketGroup("no-such-group", of: "admin.socket_group") }
        let text = "admin.socket_group: there is no group 'no-such-group' on this machine: create it"
        #expect(unknown.description.hasPrefix(text))
        let error = ListenerError(address: "/s", reason: .groupNotOurs("staff"))
        #expect(error.description.contains("may not give it to the group staff: make the relay's user a member"))
    }

    @Test func `the socket of a relay that died is replaced`() async throws {
        let (descriptor, _) = try UnixSocketFile.listen(path: path, backlog: 1)
        close(descriptor)
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(throws: AdminClientError(.socket(path), reason: .gone)) {
            try AdminClient(.socket(path)).status()
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
        #expect(throws: AdminClientError(.socket(path), reason: .notRunning)) {
            try AdminClient(.socket(path)).status()
        }
        let (descriptor, file) = try UnixSocketFile.listen(path: path, backlog: 1)
        #expect(throws: AdminClientError(.socket(path), reason: .timedOut)) {
            try AdminClient(.socket(path), timeout: .milliseconds(10)).status()
        }
        file.remove()
        close(descriptor)
        #expect(AdminClientError.Reason(code: EACCES) == .permissionDenied)
    }

    @Test func `a relay without the page says so`() async throws {
        let server = AdminServer()
        try await server.listen(unixSocket: path, router: AdminRouter(["/other": .fixed("x")]))
        let unknown = AdminClientError(.socket(path), reason: .unknownRequest("GET /v1/status"))
        #expect(throws: unknown) { try AdminClient(.socket(path)).status() }
        try await server.close()
    }
}
