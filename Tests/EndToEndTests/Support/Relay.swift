import Glibc
import Testing

/// The real binary, started on free ports with a folder of its own.
final class Relay: Sendable {
    let folder: RelayFolder
    let process: ChildProcess
    /// host:port, as the start line says.
    let websocket: String
    let http: String
    let metrics: String

    /// How often the relay is asked for what must become true: half a minute of requests with curl, or more.
    static let patience = 3_000

    var url: String { "ws://\(websocket)/v1/connect" }

    struct NotStarted: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameter addresses: name of a listener -> host:port.
    private init(folder: RelayFolder, process: ChildProcess, addresses: JSON) throws {
        self.folder = folder
        self.process = process
        guard let websocket = addresses["websocket"].string, let http = addresses["http"].string,
            let metrics = addresses["metrics"].string
        else { throw NotStarted(description: "no addresses in \(addresses)") }
        (self.websocket, self.http, self.metrics) = (websocket, http, metrics)
    }

    deinit { process.send(SIGKILL) }

    static func start(_ settings: [String: JSON] = [:]) async throws -> Relay {
        try await start(in: RelayFolder(settings))
    }

    /// - Parameter wrapper: a program and its arguments that run the relay, in the place of this process.
    static func start(in folder: RelayFolder, wrapper: [String] = []) async throws -> Relay {
        let process = try launch(in: folder, wrapper: wrapper)
        guard let line = await process.line(where: { entry($0)?["message"] == "relay started" }) else {
            throw NotStarted(description: process.output.lines.joined(separator: "\n"))
        }
        return try Relay(folder: folder, process: process, addresses: JSON(parsing: line))
    }

    /// For a relay whose log nobody can read: it is asked on its admin socket until it answers.
    static func startUnheard(in folder: RelayFolder, wrapper: [String] = []) async throws -> Relay {
        let process = try launch(in: folder, wrapper: wrapper)
        for _ in 0..<500 {
            let status = try await Programs.run(Programs.relay, ["status", "--json"], environment: environment(folder))
            guard status.ending == .exit(0) else { continue }
            let listeners = try JSON(parsing: status.text)["listeners"].array
            let addresses = listeners.compactMap { listener in listener["name"].string.map { ($0, listener["address"]) }
            }
            // The admin socket answers before the door to agents is open.
            guard addresses.contains(where: { $0.0 == "websocket" }) else { continue }
            return try Relay(
                folder: folder,
                process: process,
                addresses: .object(Dictionary(uniqueKeysWithValues: addresses))
            )
        }
        process.send(SIGKILL)
        throw NotStarted(description: "no answer on the admin socket: \(process.output.lines)")
    }

    /// Without waiting for a start that may never come.
    static func launch(in folder: RelayFolder, wrapper: [String] = []) throws -> ChildProcess {
        try ChildProcess(
            "/usr/bin/env",
            wrapper + [Programs.relay, "serve", "--config", folder.configuration],
            environment: environment(folder),
            mergingErrors: true
        )
    }

    static func environment(_ folder: RelayFolder) -> [String: String] {
        [
            "PATH": Programs.path, "HOME": folder.path, "STATE_DIRECTORY": folder.path,
            "RUNTIME_DIRECTORY": folder.path,
            // The crash reporter of the Swift runtime would keep a killed relay's ports.
            "SWIFT_BACKTRACE": "enable=no",
        ]
    }

    static func entry(_ line: String) -> JSON? { try? JSON(parsing: line) }

    /// Every line of its log so far that is JSON.
    var log: [JSON] { process.output.lines.compactMap(Self.entry) }

    /// The first log entry of this message, once it is there.
    func logged(_ message: String) async throws -> JSON {
        let line = await process.line { Self.entry($0)?["message"].string == message }
        return try JSON(parsing: #require(line, "never logged: \(message)"))
    }

    func stop(with signal: Int32 = SIGTERM) async -> ChildProcess.Ending {
        // The last use of a relay must not be its end: `deinit` kills.
        defer { withExtendedLifetime(self) {} }
        process.send(signal)
        return await process.end()
    }

    func command(_ arguments: String...) async throws -> Programs.Outcome {
        try await Programs.run(Programs.relay, arguments, environment: Self.environment(folder))
    }

    func scrape() async throws -> Scrape {
        let answer = try await HTTP.get("http://\(metrics)/metrics")
        try #require(answer.status == 200, "\(answer)")
        return try Scrape(answer.body)
    }
}
