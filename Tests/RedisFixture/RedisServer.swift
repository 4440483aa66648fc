public import Foundation
import ProgramFixture
import Synchronization

/// A real redis-server on a free port of loopback, with a folder of its own.
public final class RedisServer: Sendable {
    public let port: Int
    public let folder: URL
    private let arguments: [String]
    private let program = Mutex<RunningProgram?>(nil)

    /// - Parameter arguments: more of them, as in `--requirepass x`.
    public init(_ arguments: [String] = [], port: Int? = nil, isStarted: Bool = true) throws {
        self.port = try port ?? FreePort.tcp()
        self.arguments = arguments
        folder = FileManager.default.temporaryDirectory.appending(path: "redis-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if isStarted { try start() }
    }

    deinit {
        resume()
        program.withLock { $0 = nil }
        try? FileManager.default.removeItem(at: folder)
    }

    /// Returns when it takes commands.
    public func start() throws {
        let command =
            ["redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--dir", folder.path]
            + ["--pidfile", folder.path + "/redis.pid"] + arguments
        try program.withLock {
            let program = try RunningProgram(command, files: [:])
            try program.waitForLine { $0.contains("Ready to accept connections") }
            $0 = program
        }
    }

    /// As a crash would. Its data stay.
    public func kill() {
        signal(SIGKILL)
        program.withLock { $0 = nil }
    }

    /// Where the process is about to exit, and Foundation waits for no child any more.
    public func abandon() {
        signal(SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    public func freeze() { signal(SIGSTOP) }

    public func resume() { signal(SIGCONT) }

    /// What redis-cli prints.
    /// - Parameter input: commands for it to read, in which arguments may be quoted as it quotes them.
    @discardableResult
    public func cli(_ arguments: String..., input: String? = nil) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["redis-cli", "-p", "\(port)"] + arguments
        let output = Pipe()
        process.standardOutput = output
        let commands = Pipe()
        if input != nil { process.standardInput = commands }
        try process.runInTurn()
        if let input {
            try commands.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try commands.fileHandleForWriting.close()
        }
        // Its output's end is its own: Foundation may miss that it ended, and would wait for ever.
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        return text.trimmingCharacters(in: .newlines)
    }

    private func signal(_ signal: Int32) {
        guard program.withLock({ $0 != nil }),
            let text = try? String(contentsOf: folder.appending(path: "redis.pid"), encoding: .utf8),
            let pid = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
        else { return }
        Foundation.kill(pid, signal)
    }
}
