import Identity
import Postgres
import RelayCore
import RelayStores

extension Configuration.Storage.Postgres {
    /// Returns also where the server is away.
    func open(_ limits: QueueLimits, name: String) async throws -> PostgresStore {
        let settings = try settings()
        do throws(PostgresFailure) {
            return try await PostgresStore.open(
                settings,
                migrates: migrates,
                limits: limits,
                name: name,
                maxConnections: maxConnections
            )
        } catch {
            throw refusal(error)
        }
    }

    func settings() throws -> PostgresSettings {
        var settings = PostgresSettings(hosts: hosts, database: database, user: user)
        settings.port = port
        // Read for every connection; here for what is wrong with it now.
        if let passwordFile { _ = try KeyFile.readPassword(passwordFile) }
        settings.passwordFile = passwordFile
        settings.security = PostgresSettings.Security(rawValue: sslMode.rawValue) ?? .require
        return settings
    }

    func refusal(_ failure: PostgresFailure) -> StartError {
        let verb = failure.isFinal ? "refuses" : "is of no use"
        return StartError(text: "the PostgreSQL server \(verb): \(failure)" + advice(on: failure))
    }

    private func advice(on failure: PostgresFailure) -> String {
        let text = failure.description
        let hints = [
            ("password", "check storage.postgres.user and storage.postgres.password_file"),
            ("no encryption", "check storage.postgres.ssl_mode, or let it in without TLS in pg_hba.conf"),
            ("pg_hba.conf", "let this host, user and database in there"),
            ("does not support SSL", "give it a certificate, or say `storage.postgres.ssl_mode: disable`"),
            ("certificate", "name the server's authority in PGSSLROOTCERT, or check storage.postgres.host"),
            ("permission denied", "docs/postgres.md says what the role has to be allowed"),
            ("database \"", "make it with `createdb`, or check storage.postgres.database"),
            ("role \"", "make it with `createuser`, or check storage.postgres.user"),
        ]
        return hints.first { text.contains($0.0) }.map { ": " + $0.1 } ?? ""
    }
}
