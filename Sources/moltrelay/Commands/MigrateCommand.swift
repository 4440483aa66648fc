import ArgumentParser
import Postgres
import RelayStores

struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Make the tables of the queue in PostgreSQL, or those of an older relay current.",
        discussion: """
            `serve` does it by itself unless `storage.postgres.migrate` is false: for a relay whose role may not make \
            tables. All steps that are missing happen in one transaction, and of several that run at once one does them.

            Exit codes: 0 the tables are current, 1 they are not and cannot be made so (with --check: they are not), 64 \
            wrong usage.

            Examples:
              moltrelay migrate --config /etc/moltrelay/config.yaml --check
              MOLTRELAY_STORAGE_POSTGRES_USER=postgres moltrelay migrate --config /etc/moltrelay/config.yaml
            """
    )

    @OptionGroup var source: ConfigurationSource

    @Flag(help: "Change nothing, and tell what is there.")
    var check = false

    func run() throws {
        let loaded = source.load()
        guard loaded.report.isAcceptable else {
            print(loaded.report.text, terminator: "")
            throw ExitCode(1)
        }
        guard loaded.configuration.queue.storage == .postgres else {
            throw StartError(text: "queue.storage is not postgres: there are no tables to make")
        }
        let postgres = loaded.configuration.storage.postgres
        let settings = try postgres.settings()
        do {
            let (found, known) = try PostgresStore.versions(settings)
            let state = found.map { "of version \($0)" } ?? "not there"
            if found == known { return print("the tables are \(state), and current") }
            guard !check, found ?? 0 < known else {
                print("the tables are \(state); this relay works with version \(known)")
                throw ExitCode(1)
            }
            try PostgresStore.migrate(settings)
            print("the tables were \(state), and are of version \(known) now")
        } catch let failure as PostgresFailure {
            throw postgres.refusal(failure)
        }
    }
}
