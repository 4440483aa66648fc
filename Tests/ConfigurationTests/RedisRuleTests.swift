import Testing

@testable import moltrelay

@Suite struct RedisRuleTests {
    @Test(arguments: [
        ("password: a, password_file: /p", "2:47: storage.redis.password and storage.redis.password_file are both set"),
        ("user: relay", "2:25: storage.redis.user needs storage.redis.password_file or storage.redis.password"),
        ("addresses: []", "2:30: storage.redis.addresses is empty: name a server"),
        ("tls: {ca_file: /ca}", "2:34: storage.redis.tls.ca_file does nothing with storage.redis.tls.enabled: false"),
        ("addresses: [redis]", "2:31: storage.redis.addresses[0]: expected a host and a port"),
        ("cluster: true, db: 3", "2:38: storage.redis.db is 3, and a Redis Cluster has database 0 alone"),
        ("db: -1", "2:23: storage.redis.db: expected a whole number, 0 to 65535"),
    ])
    func whatCannotWorkIsToldWithItsPlace(keys: String, expected: String) throws {
        let report = try load("queue: {storage: redis}\nstorage: {redis: {\(keys)}}\n")
        #expect(!report.isAcceptable)
        #expect(report.lines.contains { $0.hasPrefix("config.yaml:\(expected)") }, "\(report.text)")
        let unused = try load("storage: {redis: {\(keys)}}\n")
        #expect(unused.isAcceptable == !expected.contains(": expected "), "\(unused.text)")
    }

    @Test(arguments: [
        (
            "addresses: [\"redis:6379\"], password: hunter2",
            "the password and every message go to redis:6379 without TLS"
        ),
        ("password_file: /p", "storage.redis.password_file: '/p' does not exist on this machine"),
        ("tls: {enabled: true, ca_file: /c}", "storage.redis.tls.ca_file: '/c' does not exist on this machine"),
    ])
    func whatMayBeAMistakeIsAWarning(keys: String, expected: String) throws {
        let report = try load("queue: {storage: redis}\nstorage: {redis: {\(keys)}}\n")
        #expect(report.isAcceptable)
        #expect(report.text.contains(expected) && !report.text.contains("hunter2"), "\(report.text)")
    }

    @Test(arguments: [
        "addresses: [\"redis:6379\"]", "password: hunter2", "cluster: true, db: 0",
        "addresses: [\"redis:6379\"], password: hunter2, user: relay, tls: {enabled: true}",
    ])
    func whatIsRightIsNotTalkedAbout(keys: String) throws {
        #expect(try load("queue: {storage: redis}\nstorage: {redis: {\(keys)}}\n").text == "config.yaml: fine\n")
    }

    @Test func thePasswordIsWithheld() throws {
        let report = try load("queue: {storage: redis}\nstorage: {redis: {password: hunter2}}\n")
        #expect(report.configuration.storage.redis.password == "hunter2")
        #expect(report.effectiveText.contains("storage.redis.password = (withheld)"))
    }
}
