import Logging
import Synchronization
import Testing

@testable import Telemetry

@Suite struct LogTailTests {
    private func record(_ message: String, _ level: Logger.Level = .info, isWritten: Bool = true) -> LogRecord {
        LogRecord(
            entry: LogEntry(time: 0, level: level, message: message, logger: "test", fields: ["event": "replay"]),
            isWritten: isWritten
        )
    }

    private func messages(_ entries: [LogEntry]) -> [String] { entries.map(\.message) }

    @Test func `the last records that pass, the oldest first`() {
        let tail = LogTail()
        for number in 0..<500 { tail.append(record("\(number)", number.isMultiple(of: 100) ? .error : .info)) }
        #expect(messages(tail.last(3, LogFilter())) == ["497", "498", "499"])
        #expect(messages(tail.last(2, LogFilter(level: .error))) == ["300", "400"])
        #expect(messages(tail.last(100, LogFilter(level: .error))).count == 5)
        #expect(tail.last(0, LogFilter()).isEmpty)
    }

    @Test func `memory is bounded however large a record`() {
        var ring = LogRing(capacity: 64 * 1024)
        for number in 0..<1000 {
            var large = record("\(number)")
            large.entry.fields["text"] = .string(String(repeating: "x", count: number * 100))
            ring.append(large)
            #expect(ring.bytes <= 64 * 1024)
        }
        #expect(ring.next == 1000)
        #expect(ring[999]?.entry.fields["truncated"]?.description == "true")
        for number in 0..<10_000 { ring.append(record("\(number)")) }
        #expect(ring.next - ring.first <= 256)
    }

    @Test func `what a filter asks for, all of it`() {
        var filter = LogFilter()
        #expect(!filter.admits(record("a", .critical, isWritten: false)), "what the relay writes")
        filter.level = .info
        #expect(filter.admits(record("a", isWritten: false)))
        filter.fields = ["event": "replay"]
        (filter.mention, filter.text) = ("repla", "INFO     two words event=replay")
        #expect(filter.admits(record("two words")))
        #expect(!filter.admits(record("two words", .error)))
        filter.text = "words two"
        #expect(!filter.admits(record("two words")))
        (filter.mention, filter.text) = ("reply", nil)
        #expect(!filter.admits(record("two words")))
        (filter.fields, filter.mention) = (["event": "repla"], nil)
        #expect(!filter.admits(record("two words")))
    }

    @Test func `a follower begins with the last lines and goes on, each once`() throws {
        let tail = LogTail()
        for number in 0..<5 { tail.append(record("\(number)")) }
        let follower = try #require(tail.follow(LogFilter(), last: 2))
        tail.append(record("5"))
        #expect(messages(follower.next()) == ["3", "4"])
        #expect(messages(follower.next()) == ["5"])
        #expect(follower.next().isEmpty)
    }

    @Test func `one that waits is woken once by what it wants, and not by what it does not`() throws {
        let tail = LogTail()
        let follower = try #require(tail.follow(LogFilter(level: .warning), last: 0))
        let woken = Atomic(0)
        #expect(follower.next().isEmpty)
        follower.whenMore { woken.add(1, ordering: .relaxed) }
        for number in 0..<100 { tail.append(record("\(number)")) }
        #expect(woken.load(ordering: .relaxed) == 0)
        tail.append(record("a", .warning))
        tail.append(record("b", .warning))
        #expect(woken.load(ordering: .relaxed) == 1)
        #expect(messages(follower.next()) == ["a", "b"])
        tail.append(record("c", .warning))
        follower.whenMore { woken.add(1, ordering: .relaxed) }
        #expect(woken.load(ordering: .relaxed) == 2, "something came before it began to wait")
    }

    @Test func `what went by unread is counted and told, where it was asked for`() throws {
        let tail = LogTail(capacity: 256 * 32)
        let slow = try #require(tail.follow(LogFilter(), last: 0))
        let choosy = try #require(tail.follow(LogFilter(level: .error), last: 0))
        for number in 0..<100 { tail.append(record("\(number)", number == 3 ? .error : .info)) }
        let shown = slow.next()
        #expect(shown.first?.message.hasPrefix("log records not shown") == true)
        #expect(shown.first?.fields["not_shown"]?.description == "\(100 - (shown.count - 1))")
        #expect(shown.last?.message == "99")
        #expect(choosy.next().first?.fields["not_shown"]?.description == "1")
        #expect(choosy.next().isEmpty)
        #expect(tail.missed == UInt64(100 - (shown.count - 1)) + 1)
        #expect(slow.next().isEmpty)
    }

    @Test func `one that waits misses nothing of what it does not want`() throws {
        let tail = LogTail(capacity: 256 * 32)
        let choosy = try #require(tail.follow(LogFilter(level: .error), last: 0))
        choosy.whenMore {}
        for number in 0..<100 { tail.append(record("\(number)")) }
        tail.append(record("a", .error))
        #expect(messages(choosy.next()) == ["a"])
        #expect(tail.missed == 0)
    }

    @Test func `followers are bounded, and leave room where they end`() throws {
        let tail = LogTail()
        let followers = (0..<LogTail.maxFollowers).compactMap { _ in tail.follow(LogFilter(), last: 0) }
        #expect(followers.count == LogTail.maxFollowers)
        #expect(tail.follow(LogFilter(), last: 0) == nil)
        followers[0].close()
        #expect(tail.follow(LogFilter(), last: 0) != nil)
        #expect(tail.followers == LogTail.maxFollowers - 1, "the one just opened is gone with its last use")
    }
}

@Suite struct FollowedLoggerTests {
    private func withLog(_ level: Logger.Level, _ body: (LogBackend, Logger) throws -> Void) throws -> UInt64 {
        let backend = try LogBackend(.file(path: "/dev/null"), format: .json, level: level)
        try body(backend, Logger(label: "test") { backend.handler(label: $0) })
        #expect(backend.close(within: .seconds(60)))
        return backend.statistics.written
    }

    @Test func `a follower sees below what is written, and the output does not`() throws {
        let written = try withLog(.info) { backend, logger in
            logger.debug("before")
            let follower = try #require(backend.tail.follow(LogFilter(level: .debug), last: 10))
            let plain = try #require(backend.tail.follow(LogFilter(), last: 10))
            #expect(logger.logLevel == .debug)
            logger.debug("meanwhile")
            logger.info("written")
            #expect(follower.next().map(\.message) == ["meanwhile", "written"])
            #expect(plain.next().map(\.message) == ["written"])
            follower.close()
            #expect(logger.logLevel == .info)
            logger.debug("after")
            #expect(plain.next().isEmpty)
        }
        #expect(written == 1)
    }

    @Test func `a logger's own level bounds what it writes, and not what a follower sees`() throws {
        let written = try withLog(.info) { backend, logger in
            var quiet = logger
            quiet.logLevel = .error
            let follower = try #require(backend.tail.follow(LogFilter(level: .info), last: 0))
            quiet.info("seen")
            #expect(follower.next().map(\.message) == ["seen"])
        }
        #expect(written == 0)
    }

    @Test func `what only a follower asked for is not held back`() throws {
        let written = try withLog(.warning) { backend, logger in
            let follower = try #require(backend.tail.follow(LogFilter(level: .info), last: 0))
            for _ in 0..<50 { logger.info("again") }
            for _ in 0..<50 { logger.warning("again") }
            #expect(follower.next().filter { $0.level == .info }.count == 50)
            #expect(backend.statistics.heldBack > 0)
        }
        #expect(written < 50)
    }
}
