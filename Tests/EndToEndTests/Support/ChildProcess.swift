import Dispatch
import FoundationEssentials
import Glibc
import ProgramFixture
import Synchronization

/// A program under test. Its output is kept line by line; waiting for a line or for its end needs no clock. A test
/// that runs out of its time limit kills what it waits for.
final class ChildProcess: Sendable {
    struct CannotStart: Error, CustomStringConvertible {
        let description: String
    }

    enum Ending: Equatable {
        case exit(Int32)
        case signal(Int32)
    }

    let pid: pid_t
    let output = LineLog()
    private let input: Int32
    private let ended = Mutex<Ending?>(nil)
    private let endings = Pending<Ending>()

    /// - Parameters:
    ///   - environment: the whole of it; nothing is inherited.
    ///   - mergingErrors: standard error joins `output`; otherwise it goes where the test's own goes.
    init(_ path: String, _ arguments: [String], environment: [String: String], mergingErrors: Bool) throws {
        Self.ignoringBrokenPipes
        let started = try Spawning.withTurn {
            try Self.spawn([path] + arguments, environment: environment, mergingErrors: mergingErrors)
        }
        (pid, input) = (started.pid, started.input)
        output.read(from: started.output)
        DispatchQueue(label: "wait \(pid)").async { [self] in reap() }
    }

    deinit { close(input) }

    /// A child that is gone must not end the test run when something is written to it.
    private static let ignoringBrokenPipes: Void = { signal(SIGPIPE, SIG_IGN) }()

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw CannotStart(description: String(cString: strerror(errno))) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func spawn(
        _ command: [String],
        environment: [String: String],
        mergingErrors: Bool
    ) throws -> (pid: pid_t, input: Int32, output: Int32) {
        let (childInput, input) = try pipe()
        let (output, childOutput) = try pipe()
        defer {
            close(childInput)
            close(childOutput)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, childInput, 0)
        posix_spawn_file_actions_adddup2(&actions, childOutput, 1)
        if mergingErrors { posix_spawn_file_actions_adddup2(&actions, childOutput, 2) }
        keepDescriptors()

        let argv = command.map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: pid_t = 0
        var attributes = Self.defaultSignals()
        defer { posix_spawnattr_destroy(&attributes) }
        let failure = posix_spawn(&pid, command[0], &actions, &attributes, argv, envp)
        guard failure == 0 else {
            close(input)
            close(output)
            throw CannotStart(description: "\(command[0]): \(String(cString: strerror(failure)))")
        }
        return (pid, input, output)
    }

    /// Tests that run beside this one have sockets and event loops, which SwiftNIO does not close on exec: a hundred
    /// more descriptors for a child that is to have 128.
    private static func keepDescriptors() {
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in open.compactMap({ Int32($0) }) where descriptor > 2 {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    /// Dispatch's threads block every signal and this process ignores SIGPIPE; a child would inherit both.
    private static func defaultSignals() -> posix_spawnattr_t {
        var attributes = posix_spawnattr_t()
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_init(&attributes)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        return attributes
    }

    private func reap() {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) == -1 && errno == EINTR {}
        let signal = status & 0x7F
        let ending = signal == 0 ? Ending.exit((status >> 8) & 0xFF) : .signal(signal)
        ended.withLock { $0 = ending }
        endings.resolve(with: ending)
    }

    func send(_ signal: Int32) {
        // Once it is reaped its number may be somebody else's.
        ended.withLock { if $0 == nil { kill(pid, signal) } }
    }

    var isRunning: Bool { ended.withLock { $0 == nil } }

    func end() async -> Ending {
        await withTaskCancellationHandler {
            await endings.value()
        } onCancel: {
            send(SIGKILL)
        }
    }

    func write(line: String) {
        var bytes = Array(line.utf8)[...]
        bytes.append(UInt8(ascii: "\n"))
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    /// The first line from `index` on that `wanted` accepts; nil where the output ended without one.
    func line(from index: Int = 0, where wanted: @escaping @Sendable (String) -> Bool) async -> String? {
        await withTaskCancellationHandler {
            await output.first(from: index, where: wanted)
        } onCancel: {
            send(SIGKILL)
        }
    }
}
