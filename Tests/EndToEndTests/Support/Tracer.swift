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

    /// The loop's next turn takes a minute, unless the tracer lets go of it.
    static func hanging(loop: Int, of process: String) async throws -> Tracer {
        let found = try await Programs.shell(
            "grep -lx 'NIO-ELT-1-#\(loop)' /proc/\(process)/task/*/comm | cut -d / -f 5"
        )
        let thread = try #require(found.lines.first, "no thread of that name: \(found.text)")
        let delay = ["-e", "trace=epoll_wait", "-e", "inject=epoll_wait:delay_exit=60000000"]
        return try await Tracer(["-p", thread] + delay)
    }

    func letGo() async {
        process.send(SIGINT)
        _ = await process.end()
    }
}
