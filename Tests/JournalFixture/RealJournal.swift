import Foundation
import ProgramFixture

/// A journald of the test's own, in a mount namespace where nothing of the machine's journal is. Needs root.
public final class RealJournal: Sendable {
    public struct NotStarted: Error { public let said: String }

    private let folder: URL
    private let keeper: Process
    private let life = Pipe()
    /// Of a shell in the namespace, and of journald.
    private let inside: Int32
    private let daemon: Int32

    public init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let configuration = folder.appending(path: "journald.conf")
        try Data(Self.configuration.utf8).write(to: configuration)
        keeper = Process()
        keeper.executableURL = URL(filePath: "/usr/bin/env")
        keeper.arguments = ["unshare", "--mount", "bash", "-euc", Self.script, "-", configuration.path]
        keeper.standardInput = life
        let output = Pipe()
        keeper.standardOutput = output
        keeper.standardError = output
        try keeper.runInTurn()
        let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let numbers = said.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
        guard numbers.count == 2 else {
            kill(keeper.processIdentifier, SIGKILL)
            throw NotStarted(said: said)
        }
        (inside, daemon) = (numbers[0], numbers[1])
    }

    deinit {
        try? life.fileHandleForWriting.close()
        for pid in [daemon, inside] { kill(pid, SIGKILL) }
        try? FileManager.default.removeItem(at: folder)
    }

    private static let configuration = """
        [Journal]
        Storage=volatile
        RateLimitIntervalSec=0
        ReadKMsg=no
        Audit=no
        ForwardToWall=no
        LineMax=1M

        """

    /// The machine's own journal is out of sight before journald starts. Ends with its standard input, which a test
    /// holds.
    private static let script = """
        mount --make-rprivate /
        if [ -d /var/log/journal ]; then mount -t tmpfs tmpfs /var/log/journal; fi
        mkdir -p /run/log
        mount -t tmpfs tmpfs /run/systemd
        mount -t tmpfs tmpfs /run/log
        mount --bind "$1" /etc/systemd/journald.conf
        /lib/systemd/systemd-journald </dev/null >/dev/null 2>&1 &
        until [ -S /run/systemd/journal/stdout ] && [ -S /run/systemd/journal/socket ]; do
            kill -0 $!
            sleep 0.02
        done
        echo $$ $!
        cat
        kill -KILL $!
        """

    /// In front of a command that is to see this journal.
    public var entering: [String] { ["nsenter", "--target", "\(inside)", "--mount"] }

    /// journald reads nothing until `goOn`.
    public func halt() { kill(daemon, SIGSTOP) }
    public func goOn() { kill(daemon, SIGCONT) }

    /// Its socket stays, and nobody listens on it.
    public func killDaemon() { kill(daemon, SIGKILL) }

    /// The first `count` entries of `matches`, such as `TRACE_ID=...`; waits for those that are still on their way, a
    /// minute at most.
    public func entries(_ count: Int, _ matches: String...) throws -> [[String: Any]] {
        let reader = Process()
        reader.executableURL = URL(filePath: "/usr/bin/env")
        reader.arguments =
            ["timeout", "60"] + entering + ["journalctl", "--all", "--follow", "--lines=all", "--output=json"] + matches
        let output = Pipe()
        reader.standardOutput = output
        // A child inherits the mask, and this thread may hold back every signal.
        var (none, mask) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &mask)
        defer { pthread_sigmask(SIG_SETMASK, &mask, nil) }
        try reader.runInTurn()
        defer {
            // Nobody waits: Foundation sees its end by a descriptor that another child may have inherited.
            kill(reader.processIdentifier, SIGTERM)
        }
        var entries: [[String: Any]] = []
        var rest = Data()
        while entries.count < count, case let data = output.fileHandleForReading.availableData, !data.isEmpty {
            rest += data
            while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
                if let entry = try JSONSerialization.jsonObject(with: rest[..<newline]) as? [String: Any] {
                    entries.append(entry)
                }
                rest = Data(rest[(newline + 1)...])
            }
        }
        return entries
    }
}
