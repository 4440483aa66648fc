import Glibc
import Testing

/// Between a relay and its store's server: Tests/Peers/slow_proxy.py.
final class SlowProxy: Sendable {
    let port: Int
    private let process: ChildProcess

    init(before server: Int) async throws {
        process = try ChildProcess(
            Programs.python,
            ["-u", Programs.repository + "/Tests/Peers/slow_proxy.py", "\(server)"],
            environment: ["PATH": Programs.path, "PYTHONDONTWRITEBYTECODE": "1"],
            mergingErrors: true
        )
        let line = await process.line { Int($0) != nil }
        port = try #require(line.flatMap { Int($0) }, "the proxy did not start: \(process.output.lines)")
    }

    deinit { process.send(SIGKILL) }

    /// From now on, also what is on its way.
    func delay(milliseconds: Int) async {
        let before = process.output.lines.count
        process.write(line: "\(milliseconds)")
        _ = await process.line(from: before) { $0 == "delaying \(milliseconds)" }
    }
}
