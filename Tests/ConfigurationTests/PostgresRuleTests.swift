import Testing

@testable import moltrelay

@Suite struct PostgresRuleTests {
    @Test(arguments: [
        ("host: \"db:5432\"", "2:28: storage.postgres.host: expected a host such as db.internal"),
        ("host: \"a,,b\"", "2:28: storage.postgres.host: expected a host such as db.internal"),
        ("max_connections: 1", "2:39: storage.postgres.max_connections: expected a whole number, 2 to 10000"),
        ("ssl_mode: verify", "2:32: storage.postgres.ssl_mode: expected one of disable"),
        ("migrate: maybe", "2:31: storage.postgres.migrate: expected true or false"),
    ])
    func whatCannotWorkIsToldWithItsPlace(keys: String, expected: String) throws {
        let report = try load("queue: {storage: postgres}\nstorage: {postgres: {\(keys)}}\n")
        #expect(!report.isAcceptable)
        #expect(report.lines.contains { $0.hasPrefix("config.yaml:\(expected)") }, "\(report.text)")
    }

    @Test(arguments: [
        ("password_file: /p", "storage.postgres.password_file: '/p' does not exist on this machine"),
        ("host: \"localhost, db\", ssl_mode: prefer", "every message may go to db without TLS"),
    ])
    func whatMayBeAMistakeIsAWarning(keys: String, expected: String) throws {
        let report = try load("queue: {storage: postgres}\nstorage: {postgres: {\(keys)}}\n")
        #expect(report.isAcceptable)
        #expect(report.text.contains(expected), "\(report.text)")
    }

    @Test(arguments: ["host: \"a,b\"", "host: 127.0.0.2, ssl_mode: disable", "host: /run/postgresql, ssl_mode: allow"])
    func whatIsRightIsNotTalkedAbout(keys: String) throws {
        #expect(try load("queue: {storage: postgres}\nstorage: {postgres: {\(keys)}}\n").text == "config.yaml: fine\n")
    }

    @Test func hostsAreAListBySpacesAndCommas() throws {
        let report = try load("storage: {postgres: {host: \" a , [::2],/run/p\"}}\n")
        #expect(report.configuration.storage.postgres.hosts == ["a", "::2", "/run/p"])
    }
}
