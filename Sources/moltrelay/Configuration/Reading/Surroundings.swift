import FoundationEssentials
import Glibc
import Telemetry

/// What the defaults ask of the machine, as values: a test states its own.
struct Surroundings: Sendable {
    var environment: [String: String]
    var hostName: String
    var isWritableFolder: @Sendable (String) -> Bool
    var fileExists: @Sendable (String) -> Bool
    /// What is printed goes to systemd's journal.
    var printsToJournal = false

    static func ofThisProcess() -> Surroundings {
        let environment = ProcessInfo.processInfo.environment
        return Surroundings(
            environment: environment,
            hostName: ProcessInfo.processInfo.hostName,
            isWritableFolder: { path in
                var status = stat()
                return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && access(path, W_OK | X_OK) == 0
            },
            fileExists: { access($0, F_OK) == 0 },
            printsToJournal: JournalStream.isStandardOutput(journalStream: environment["JOURNAL_STREAM"])
        )
    }
}
