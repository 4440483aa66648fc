public import Foundation
import ProgramFixture
import Synchronization

/// A real PostgreSQL server on a free port of loopback, with a data folder of its own.
public final class PostgresServer: Sendable {
    public static let user = "postgres"

    public let port: Int
    public let folder: URL
    private let address: String
    private let program = Mutex<RunningProgram?>(nil)

    struct Failed: Error {
        let command: String
        let output: String
    }

    /// - Parameters:
    ///   - settings: lines of postgresql.conf.
    ///   - access: lines of pg_hba.conf; everybody may do everything where there is none.
    ///   - primary: the server whose copy this is, following it.
    ///   - certificate: files in PEM, for TLS.
    public init(
        settings: [String] = [],
        access: [String] = ["host all all 127.0.0.0/8 trust", "host replication all 127.0.0.0/8 trust"],
        address: String = "127.0.0.1",
        following primary: PostgresServer? = nil,
        certificate: (chain: String, key: String)? = nil,
        isStarted: Bool = true
    ) throws {
        self.address = address
        port = try primary?.port ?? FreePort.tcp()
        folder = FileManager.default.temporaryDirectory.appending(path: "postgres-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Self.giveAway(folder)
        if let primary {
            let source = ["-h", primary.address, "-p", "\(primary.port)", "-U", Self.user]
            try Self.run(Self.asUser(["pg_basebackup"] + source + ["-D", data, "-R", "-X", "stream", "-c", "fast"]))
        } else {
            try Self.run(["cp", "-a", Self.template.get().path, data])
        }
        let lines = ["listen_addresses = '\(address)'", "port = \(port)", "unix_socket_directories = ''"]
        // Errors of statements would fill the pipe that nobody reads.
        let quiet = ["log_min_messages = log", "log_min_error_statement = panic", "log_checkpoints = off"]
        let small = ["shared_buffers = 16MB", "max_connections = 50", "dynamic_shared_memory_type = posix"]
        try write("postgresql.auto.conf", (lines + quiet + small + settings), appending: true)
        try write("pg_hba.conf", access, appending: false)
        if let certificate { try speakTLS(certificate.chain, certificate.key) }
        if isStarted { try start() }
    }

    /// The same on a thread that may wait: a process of tests has as few of its own as there are cores.
    public static func launch(
        settings: [String] = [],
        access: [String] = ["host all all 127.0.0.0/8 trust", "host replication all 127.0.0.0/8 trust"],
        address: String = "127.0.0.1",
        following primary: PostgresServer? = nil,
        certificate: (chain: String, key: String)? = nil,
        isStarted: Bool = true
    ) async throws -> PostgresServer {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        try PostgresServer(
                            settings: settings,
                            access: access,
                            address: address,
                            following: primary,
                            certificate: certificate,
                            isStarted: isStarted
                        )
                    }
                )
            }
        }
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// The names are those that it looks for. It takes no key that others may read.
    private func speakTLS(_ chain: String, _ key: String) throws {
        try write("postgresql.auto.conf", ["ssl = on"], appending: true)
        for (name, source) in [("server.crt", chain), ("server.key", key)] {
            let file = URL(filePath: data).appending(path: name)
            try FileManager.default.copyItem(atPath: source, toPath: file.path)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
            try Self.giveAway(file)
        }
    }

    private var data: String { folder.appending(path: "data").path }

    private func write(_ name: String, _ lines: [String], appending: Bool) throws {
        let file = URL(filePath: data).appending(path: name)
        let before = appending ? (try? String(contentsOf: file, encoding: .utf8)) ?? "" : ""
        try Data((before + lines.joined(separator: "\n") + "\n").utf8).write(to: file)
        try Self.giveAway(file)
    }

    /// Returns when it takes connections.
    public func start() throws {
        try program.withLock { running in
            let program = try RunningProgram(Self.asUser(["postgres", "-D", data]), files: [:])
            try program.waitForLine { $0.contains("ready to accept") }
            running = program
        }
    }

    /// As loss of power would, save that the disk keeps what it has: every process at once.
    public func kill() {
        let processes = processes
        for process in processes { Foundation.kill(process, SIGKILL) }
        program.withLock { $0 = nil }
        try? FileManager.default.removeItem(atPath: data + "/postmaster.pid")
    }

    /// Without waiting for anybody's end.
    public func stop() {
        if let postmaster { Foundation.kill(postmaster, SIGINT) }
        program.withLock { program in
            _ = try? program?.waitForLine { $0.contains("database system is shut down") }
            program = nil
        }
    }

    /// Where the process is about to exit, and Foundation waits for no child any more.
    public func abandon() {
        for process in processes { Foundation.kill(process, SIGKILL) }
        try? FileManager.default.removeItem(at: folder)
    }

    public func freeze() { for process in processes { Foundation.kill(process, SIGSTOP) } }

    public func resume() { for process in processes { Foundation.kill(process, SIGCONT) } }

    /// What psql prints, unaligned.
    @discardableResult
    public func sql(_ text: String, database: String = "postgres") throws -> String {
        let server = ["-h", address, "-p", "\(port)", "-U", Self.user, "-d", database]
        return try Self.run(["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"] + server + ["-c", text])
    }

    private var postmaster: pid_t? {
        guard program.withLock({ $0 != nil }) else { return nil }
        let text = try? String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8)
        return text?.split(separator: "\n").first.flatMap { pid_t($0) }
    }

    /// The first one, then those it started.
    private var processes: [pid_t] {
        guard let postmaster else { return [] }
        let children = try? String(contentsOfFile: "/proc/\(postmaster)/task/\(postmaster)/children", encoding: .utf8)
        return [postmaster] + (children ?? "").split(separator: " ").compactMap { pid_t($0) }
    }

    /// Debian keeps them beside PATH, a folder for each version.
    private static let programs: String? = {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        return versions.compactMap { Int($0) }.max().map { "/usr/lib/postgresql/\($0)/bin" }
    }()

    /// The server refuses to run as root.
    private static func asUser(_ command: [String]) -> [String] {
        let command = [programs.map { $0 + "/" + command[0] } ?? command[0]] + command.dropFirst()
        guard getuid() == 0 else { return command }
        return ["setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups"] + command
    }

    /// Made once in a process: initdb costs seconds of CPU.
    private static let template: Result<URL, any Error> = Result {
        let name = "postgres-template-\(UUID().uuidString.prefix(8))"
        let folder = FileManager.default.temporaryDirectory.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try giveAway(folder)
        atexit { removeTemplate() }
        let data = folder.appending(path: "data")
        try run(asUser(["initdb", "-D", data.path, "-U", user, "-A", "trust", "-N", "--no-instructions"]))
        return data
    }

    private static func removeTemplate() {
        if let data = try? template.get() { try? FileManager.default.removeItem(at: data.deletingLastPathComponent()) }
    }

    private static func giveAway(_ file: URL) throws {
        guard getuid() == 0 else { return }
        try FileManager.default.setAttributes(
            [.ownerAccountName: user, .groupOwnerAccountName: user],
            ofItemAtPath: file.path
        )
    }

    @discardableResult
    private static func run(_ command: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["timeout", "60"] + command
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.runInTurn()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failed(command: command.joined(separator: " "), output: text)
        }
        return text.trimmingCharacters(in: .newlines)
    }
}
