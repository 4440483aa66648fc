import Testing

@testable import Postgres

/// Which failures trying again may mend. The texts are libpq 15's.
@Suite struct FailureTests {
    private static let to = #"connection to server at "127.0.0.1", port 5432 failed: "#

    @Test(arguments: [
        "FATAL:  28P01: password authentication failed for user \"relay\"\nLOCATION:  auth_failed, auth.c:335\n",
        "FATAL:  28000: no pg_hba.conf entry for host \"127.0.0.1\", user \"relay\", database \"x\", no encryption\n",
        "FATAL:  3D000: database \"none\" does not exist\nLOCATION:  InitPostgres, postinit.c:882\n",
        "server does not support SSL, but SSL was required\n",
        "root certificate file \"/root/.postgresql/root.crt\" does not exist\nEither provide the file or change sslmode",
        "SSL error: certificate verify failed\n",
        "fe_sendauth: no password supplied\n",
    ])
    func whatNobodyChangesStaysRefused(_ text: String) {
        #expect(PostgresFailure(connecting: Self.to + text).isFinal)
    }

    @Test(arguments: [
        "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n",
        "FATAL:  57P03: the database system is starting up\nLOCATION:  ProcessStartupPacket, postmaster.c:2370\n",
        "FATAL:  53300: sorry, too many clients already\n", "session is read-only\n",
        "server closed the connection unexpectedly\n",
    ])
    func whatPassesIsTriedAgain(_ text: String) {
        #expect(PostgresFailure(connecting: Self.to + text) == .temporary(Self.plain(text)))
    }

    private static func plain(_ text: String) -> String {
        let line = text.split(separator: "\n")[0]
        return String(line.firstRange(of: ":  ").map { line[$0.upperBound...].dropFirst(7) } ?? line)
    }

    /// `localhost` is two addresses, and the server listens on the second.
    @Test func theLastAddressHasTheWord() {
        let text =
            "connection to server at \"localhost\" (::1), port 5432 failed: Connection refused\n\tIs the server running?\n"
            + "connection to server at \"localhost\" (127.0.0.1), port 5432 failed: FATAL:  28P01: no\nLOCATION:  x\n"
        #expect(PostgresFailure(connecting: text).isFinal)
    }

    @Test(arguments: [
        ("25006", true), ("57P01", true), ("57P02", true), ("08006", true), ("25P03", true), ("53100", false),
        ("40001", false), ("55P03", false), ("42P01", false),
    ])
    func someErrorsEndTheConnection(_ state: String, _ ends: Bool) {
        #expect(PostgresFailure(state: state, "x").isOfConnection == ends)
    }
}
