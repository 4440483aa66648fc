import Glibc
import Testing

/// strace on a process or thread that runs already, to make its system calls slow or fail.
struct Tracer {
    private let process: ChildProcess

    /// Attached once this returns.
    init(_ arguments: [String]) async throws {
        process = try ChildProcess(
            "/usr/bin/env",
            ["strace"] + arguments,
            environment: ["PATH": Programs.path],
            mergingErrors: true
        )
        let attached = await process.line { $0.contains("attached") }
        _ = try #require(attached, "\(process.output.lines)")
    }

    func letGo() async {
        process.send(SIGINT)
        _ = await process.end()
    }
}
