public import Foundation
import ProgramFixture
import Synchronization

/// The real relay with a folder of its own, on ports that stay the same over its restarts.
public final class RelayProcess: Sendable {
    public struct NotStarted: Error { public let log: String }

    public let folder: URL
    private let sections: [String: String]
    private let drain: String
    private let state = Mutex(State())

    private struct State {
        var process: Process?
        var websocket = "127.0.0.1:0"
    }

    public var url: String { "ws://\(state.withLock { $0.websocket })/v1/connect" }

    /// - Parameters:
    ///   - sections: of the configuration, each as YAML in one line: `["queue": "{enabled: false}"]`.
    ///   - drain: `server.drain` in the same form.
    public init(_ sections: [String: String] = [:], drain: String = "{readiness_delay_ms: 0}") async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "relay-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.sections = Self.defaults.merging(sections) { $1 }
        self.drain = drain
        try await start()
    }

    deinit {
        end(by: SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    /// Returns once its start line is there.
    public func start() async throws {
        let file = folder.appending(path: "config.yaml")
        try Data(configuration.utf8).write(to: file)
        let process = Process()
        process.executableURL = Bundle.main.bundleURL.appending(path: "moltrelay")
        process.arguments = ["serve", "--config", file.path]
        process.environment = [
            "HOME": folder.path, "STATE_DIRECTORY": folder.path, "RUNTIME_DIRECTORY": folder.path,
            "SWIFT_BACKTRACE": "enable=no",
        ]
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        process.standardInput = FileHandle.nullDevice
        try process.runInTurn()
        let address = try await Self.startLine(of: output.fileHandleForReading)
        state.withLock {
            $0.process = process
            $0.websocket = address
        }
    }

    /// Returns once it is gone.
    public func end(by signal: Int32) {
        guard let process = state.withLock({ $0.process }), process.isRunning else { return }
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
    }

    public func send(_ signal: Int32) {
        guard let process = state.withLock({ $0.process }), process.isRunning else { return }
        kill(process.processIdentifier, signal)
    }

    private static let defaults = [
        "auth": "{relay_id: relay-1, require_auth: true, allow_anonymous: true}",
        "limits": "{connections_per_ip_per_second: 0, connections_per_agent_per_minute: 0}",
        "messages": "{compression: false}",
        "tracing": "{enabled: false}",
        "logging": "{level: info, format: json, output: stdout}",
    ]

    private var configuration: String {
        """
        server:
          listen: {websocket: "\(state.withLock { $0.websocket })", http: "127.0.0.1:0", metrics: "127.0.0.1:0"}
          tls: {enabled: false}
          drain: \(drain)
        \(sections.map { "\($0): \($1)" }.joined(separator: "\n"))
        """
    }

    private static func startLine(of output: FileHandle) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            // A thread of its own: it reads until the relay ends, so that the relay's log never fills its pipe.
            Thread.detachNewThread {
                var log = Data()
                var isFound = false
                while case let data = output.availableData, !data.isEmpty {
                    guard !isFound else { continue }
                    log += data
                    guard let address = address(in: log) else { continue }
                    isFound = true
                    continuation.resume(returning: address)
                }
                if !isFound { continuation.resume(throwing: NotStarted(log: String(decoding: log, as: UTF8.self))) }
            }
        }
    }

    private static func address(in log: Data) -> String? {
        struct StartLine: Decodable { var message, websocket: String }
        return log.split(separator: UInt8(ascii: "\n")).lazy
            .compactMap { try? JSONDecoder().decode(StartLine.self, from: $0) }
            .first { $0.message == "relay started" }?.websocket
    }
}
