import ArgumentParser
import Foundation
import RelayAdmin
import Telemetry

struct QueueExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what is queued, for all agents or one, to a file.",
        discussion: """
            A line of JSON for each message, between a first line that names the format and a last one that counts them: \
            docs/admin-api.md describes it. The queue stays as it is, and the relay carries messages meanwhile; what comes \
            or goes during the export may be in it or not. The file is for its owner only, and must not exist yet.

            Exit codes: 0 done, 64 wrong usage, 69 no relay answered, or it refused, 74 the file cannot be written.

            Examples:
              moltrelay queue export --output queue.jsonl
              moltrelay queue export --agent agent-7 | gzip > agent-7.jsonl.gz
            """
    )

    @OptionGroup var relay: AskedRelay

    @Option(help: ArgumentHelp("Only of this agent: its id, or sha256: and digits of its hash.", valueName: "agent"))
    var agent: AgentName?

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to; - is standard output.", valueName: "file"))
    var output = OutputFile.standardOutput

    func run() throws {
        let file = try output == OutputFile.standardOutput ? FileHandle.standardOutput : newFile()
        do {
            let count = try write(to: file)
            try file.synchronizeWherePossible()
            if output != OutputFile.standardOutput { print("\(counted(count, "message")) in \(output)") }
        } catch {
            OutputFile.remove(output)
            throw error
        }
    }

    private func newFile() throws -> FileHandle {
        let descriptor = open(output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            try Terminal.note("cannot write \(output): \(String(cString: strerror(errno)))")
            throw ExitCode(EX_IOERR)
        }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// - Returns: how many messages.
    private func write(to file: FileHandle) throws -> Int {
        try write(ExportHead(at: RFC3339.string(unixMilliseconds: WallClock.unixMilliseconds())), to: file)
        var count = 0
        var after: String?
        repeat {
            let page = try relay.ask(as: "queue export", within: QueueCommand.patience) {
                client throws(AdminClientError) in
                try client.exportPage(agent: agent?.forRelay, after: after)
            }
            for row in page.rows { try write(row, to: file) }
            count += page.rows.count
            after = page.next
        } while after != nil
        try write(ExportEnd(end: count), to: file)
        return count
    }

    private func write(_ line: some Encodable, to file: FileHandle) throws {
        do {
            try file.write(contentsOf: Data((jsonLine(line) + "\n").utf8))
        } catch {
            try Terminal.note("cannot write \(output): \(error.localizedDescription)")
            throw ExitCode(EX_IOERR)
        }
    }
}

extension FileHandle {
    /// A pipe cannot be.
    fileprivate func synchronizeWherePossible() throws {
        guard fsync(fileDescriptor) != 0, errno != EINVAL, errno != EROFS else { return }
        try Terminal.note("the file may not be on the disk: \(String(cString: strerror(errno)))")
        throw ExitCode(EX_IOERR)
    }
}
