import Foundation
import Identity
import RelayClient
import Synchronization

/// The real relay with a folder of its own, on ports that stay the same over its restarts.
final class RelayProcess: Sendable {
    struct NotStarted: Error { let log: String }

    let folder: URL
    private let settings: [String]
    private let state = Mutex(State())

    private struct State {
        var process: Process?
        var websocket = "127.0.0.1:0"
    }

    var url: String { "ws://\(state.withLock { $0.websocket })/v1/connect" }

    /// - Parameter settings: lines of YAML, sections in one line each: `queue: {max_messages_per_agent: 2}`.
    init(_ settings: String...) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "relay-client-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.settings = settings
        try await start()
    }

    deinit {
        end(by: SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    /// Returns once its start line is there.
    func start() async throws {
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
        try process.run()
        let address = try await Self.startLine(of: output.fileHandleForReading)
        state.withLock {
            $0.process = process
            $0.websocket = address
        }
    }

    /// Returns once it is gone.
    func end(by signal: Int32) {
        guard let process = state.withLock({ $0.process }), process.isRunning else { return }
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
    }

    private var configuration: String {
        let address = state.withLock { $0.websocket }
        let own = settings.joined(separator: "\n")
        let auth = own.contains("auth:") ? "" : "auth: {relay_id: relay-1, require_auth: true, allow_anonymous: true}"
        let drain = own.contains("drain:") ? "" : "drain: {readiness_delay_ms: 0}"
        return """
            server:
              listen: {websocket: "\(address)", http: "127.0.0.1:0", metrics: "127.0.0.1:0"}
              tls: {enabled: false}
              \(drain.isEmpty ? settings.first { $0.hasPrefix("drain:") } ?? "" : drain)
            limits: {connections_per_ip_per_second: 0, connections_per_agent_per_minute: 0}
            messages: {compression: false}
            tracing: {enabled: false}
            logging: {level: info, format: json, output: stdout}
            \(auth)
            \(settings.filter { !$0.hasPrefix("drain:") }.joined(separator: "\n"))
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

/// A client that runs for the length of a closure, and what its connection did.
struct TestClient: Sendable {
    let client: RelayClient
    private let states: AsyncStream<RelayClient.State>

    init(_ agentID: String, at url: String, _ change: (inout RelayClient.Configuration) -> Void = { _ in }) throws {
        let seed = SHA256.hash(agentID.utf8)
        var configuration = RelayClient.Configuration(
            relay: try RelayAddress(url),
            agentID: agentID,
            key: try Ed25519.PrivateKey(seed: seed)
        )
        configuration.backoff = RelayClient.Backoff(first: .milliseconds(20), longest: .milliseconds(200))
        change(&configuration)
        let (states, continuation) = AsyncStream.makeStream(
            of: RelayClient.State.self,
            bufferingPolicy: .bufferingOldest(10_000)
        )
        configuration.onChange = { continuation.yield($0) }
        self.states = states
        client = RelayClient(configuration: configuration)
    }

    /// - Returns: the first state from here on that `wanted` finds something in.
    func state<Found>(_ wanted: (RelayClient.State) -> Found?) async throws -> Found {
        for await state in states {
            if let found = wanted(state) { return found }
        }
        throw CancellationError()
    }

    @discardableResult
    func opened() async throws -> SessionTerms {
        try await state { if case .open(let terms) = $0 { terms } else { nil } }
    }

    func next() async throws -> IncomingMessage {
        let messages = client.messages.makeAsyncIterator()
        guard let message = await messages.next() else { throw CancellationError() }
        return message
    }

    func send(_ text: String, to agent: String, _ options: SendOptions = SendOptions()) async throws -> Receipt {
        try await client.send(Array(text.utf8), to: agent, options: options)
    }
}

/// Runs the clients while `body` does.
func running(_ clients: TestClient..., body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for client in clients { group.addTask { try await client.client.run() } }
        defer { for client in clients { client.client.close() } }
        try await body()
        for client in clients { client.client.close() }
        try await group.waitForAll()
    }
}

extension IncomingMessage {
    var text: String { String(decoding: envelope, as: UTF8.self) }
}
