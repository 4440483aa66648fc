import Foundation
import Glibc
import Logging
import ProgramFixture
import Testing

@testable import Telemetry

private enum TestKey: String {
    case address
    case count
}

@Suite final class LogBackendTests: Sendable {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "log-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func path(_ name: String = "relay.log") -> String { folder.appending(path: name).path }

    private func lines(_ name: String = "relay.log") throws -> [Substring] {
        try String(contentsOfFile: path(name), encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast()
    }

    private func backend(_ destination: LogDestination, level: Logger.Level = .info) throws -> LogBackend {
        try LogBackend(destination, format: .json, level: level, capacity: 1 << 16, repetition: nil)
    }

    private func logger(_ backend: LogBackend) -> Logger {
        Logger(label: "test") { backend.handler(label: $0) }
    }

    @Test func `what is logged is in the file after a flush`() throws {
        let backend = try backend(.file(path: path()))
        logger(backend).log(.info, "listening", [TestKey.address: "[::1]:9090", .count: "1"])
        #expect(backend.flush(within: .seconds(60)))
        let line = try #require(try lines().first)
        #expect(line.hasSuffix(#""message":"listening","logger":"test","address":"[::1]:9090","count":"1"}"#))
        var status = stat()
        #expect(stat(path(), &status) == 0)
        #expect(status.st_mode & 0o777 & ~0o640 == 0)
        #expect(backend.statistics.written == 1)
        #expect(backend.statistics.bytes == UInt64(status.st_size))
        #expect(backend.close(within: .seconds(60)))
    }

    @Test func `fluentd's time format reads the timestamp`() throws {
        let backend = try backend(.file(path: path()))
        logger(backend).info("listening")
        #expect(backend.close(within: .seconds(60)))
        let script = """
            import json, sys, datetime
            for line in open(sys.argv[1]):
                text = json.loads(line)["timestamp"]
                time = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
                assert abs(time.timestamp() - datetime.datetime.now().timestamp()) < 3600, text
                print(time.utcoffset())
            """
        let python = Process()
        python.executableURL = URL(filePath: "/usr/bin/env")
        python.arguments = ["python3", "-c", script, path()]
        let output = Pipe()
        python.standardOutput = output
        try python.runInTurn()
        let printed = output.fileHandleForReading.readDataToEndOfFile()
        python.waitUntilExit()
        #expect(python.terminationStatus == 0)
        #expect(String(decoding: printed, as: UTF8.self) == "0:00:00\n")
    }

    @Test func `the level changes at run time, except where a logger has its own`() throws {
        let backend = try backend(.file(path: path()), level: .warning)
        let follower = logger(backend)
        var independent = logger(backend)
        independent.logLevel = .error
        follower.info("one")
        backend.level = .info
        follower.info("two")
        independent.info("three")
        #expect(backend.close(within: .seconds(60)))
        #expect(try lines().count == 1)
        #expect(try lines().first?.contains("two") == true)
    }

    @Test func `a logger's, a provider's and a statement's fields come together, the later winning`() throws {
        let backend = try backend(.file(path: path()))
        let provider = Logger.MetadataProvider { ["a": "provider", "b": "provider"] }
        var logger = Logger(label: "test") { backend.handler(label: $0, metadataProvider: provider) }
        logger[metadataKey: "a"] = "logger"
        logger[metadataKey: "c"] = "logger"
        logger.info("fields", metadata: ["b": "statement"])
        #expect(backend.close(within: .seconds(60)))
        #expect(try lines().first?.hasSuffix(#""a":"provider","b":"statement","c":"logger"}"#) == true)
    }

    @Test func `a full disk costs a counter, and eight threads never wait for it`() async throws {
        let backend = try backend(.file(path: "/dev/full"))
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let logger = self.logger(backend)
                    for count in 0..<2000 { logger.info("under load", metadata: ["count": "\(count)"]) }
                }
            }
        }
        #expect(!backend.flush(within: .seconds(60)), "says at once that it cannot")
        let statistics = backend.statistics
        #expect(statistics.writeErrors >= 1)
        #expect(statistics.written == 0)
        #expect(statistics.dropped[.info] > 0)
        #expect(!backend.close(within: .seconds(60)))
    }

    @Test func `eight threads lose and mix nothing while there is room`() async throws {
        let backend = try LogBackend(
            .file(path: path()),
            format: .json,
            level: .info,
            capacity: 1 << 24,
            repetition: nil
        )
        await withTaskGroup { group in
            for thread in 0..<8 {
                group.addTask {
                    let logger = self.logger(backend)
                    for count in 0..<2000 { logger.info("x", metadata: ["id": "\(thread)-\(count)"]) }
                }
            }
        }
        #expect(backend.close(within: .seconds(60)))
        let ids = try lines().map { line in
            try (JSONSerialization.jsonObject(with: Data(line.utf8)) as? NSDictionary)?["id"] as? String
        }
        #expect(Set(ids).count == 16_000)
        #expect(ids.count == 16_000)
    }

    /// Reads whole lines until they have told of every loss the statistics know. Where the last record logged was one,
    /// nothing follows.
    private func linesUntilLossesAreTold(_ descriptor: Int32, _ backend: LogBackend) throws -> [NSDictionary] {
        let reader = FileHandle(fileDescriptor: descriptor)
        var objects: [NSDictionary] = []
        var told: UInt64 = 0
        var rest = Data()
        while told < backend.statistics.dropped.total {
            rest += reader.availableData
            while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let object = try JSONSerialization.jsonObject(with: rest[..<newline])
                objects.append(try #require(object as? NSDictionary))
                told += objects.last?["lost"] as? UInt64 ?? 0
                rest = Data(rest[(newline + 1)...])
            }
        }
        #expect(rest.isEmpty)
        return objects
    }

    @Test func `a pipe nobody reads does not hold up the caller, and nothing kept is lost when it is read`() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let backend = try backend(.descriptor(ends[1]))
        let logger = self.logger(backend)
        var room = pollfd(fd: ends[1], events: Int16(POLLOUT), revents: 0)
        while poll(&room, 1, 0) == 1 { logger.info("stuck") }
        let dropped = backend.statistics.dropped.total
        while backend.statistics.dropped.total == dropped { logger.info("stuck") }
        #expect(!backend.flush(within: .milliseconds(1)))
        let lines = try linesUntilLossesAreTold(ends[0], backend)
        #expect(backend.close(within: .seconds(60)))
        #expect(lines.count == Int(backend.statistics.written))
        #expect(lines.last?["message"] as? String == "log records lost")
        #expect((lines.last?["levels"] as? NSDictionary)?.allKeys as? [String] == ["info"])
        close(ends[0])
        close(ends[1])
    }

    @Test func `a full named pipe stalls the writer, which goes on in the middle of a line`() throws {
        #expect(mkfifo(path("fifo"), 0o600) == 0)
        let reader = open(path("fifo"), O_RDONLY | O_NONBLOCK)
        let backend = try backend(.file(path: path("fifo")))
        let logger = self.logger(backend)
        while backend.statistics.stalls == 0 { logger.info("stuck") }
        let dropped = backend.statistics.dropped.total
        while backend.statistics.dropped.total == dropped { logger.info("stuck") }
        #expect(fcntl(reader, F_SETFL, 0) == 0)
        let lines = try linesUntilLossesAreTold(reader, backend)
        #expect(backend.close(within: .seconds(60)))
        #expect(lines.count == Int(backend.statistics.written))
        close(reader)
    }

    @Test func `reopening what is no file repeats nothing of a line that is half out`() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        #expect(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0)
        let backend = try backend(.descriptor(ends[1]))
        let logger = self.logger(backend)
        while backend.statistics.stalls == 0 { logger.info("stuck") }
        backend.reopen()
        let dropped = backend.statistics.dropped.total
        while backend.statistics.dropped.total == dropped { logger.info("stuck") }
        let lines = try linesUntilLossesAreTold(ends[0], backend)
        #expect(backend.close(within: .seconds(60)))
        #expect(lines.count == Int(backend.statistics.written))
        for end in ends { close(end) }
    }

    @Test func `a reader that goes away is a counted error`() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        close(ends[0])
        let backend = try backend(.descriptor(ends[1]))
        logger(backend).critical("nobody hears this")
        #expect(!backend.close(within: .seconds(60)))
        #expect(backend.statistics.writeErrors >= 1)
        close(ends[1])
    }

    @Test func `a part of a line that a full disk left is not gone on with`() throws {
        try Data(#"{"timestamp":"20"#.utf8).write(to: URL(filePath: path()))
        let backend = try backend(.file(path: path()))
        logger(backend).info("after")
        #expect(backend.flush(within: .seconds(60)))
        #expect(try lines().map { $0.hasSuffix("}") } == [false, true])
        try Data("torn".utf8).write(to: URL(filePath: path("relay.log.1")))
        try FileManager.default.removeItem(atPath: path())
        try FileManager.default.moveItem(atPath: path("relay.log.1"), toPath: path())
        backend.reopen()
        logger(backend).info("again")
        #expect(backend.close(within: .seconds(60)))
        #expect(try lines().map { $0.hasSuffix("}") } == [false, true])
    }

    @Test func `reopening after a rotation goes on in a new file`() throws {
        let backend = try backend(.file(path: path()))
        logger(backend).info("before")
        #expect(backend.flush(within: .seconds(60)))
        try FileManager.default.moveItem(atPath: path(), toPath: path("relay.log.1"))
        backend.reopen()
        logger(backend).info("after")
        #expect(backend.close(within: .seconds(60)))
        #expect(try lines("relay.log.1").count == 1)
        #expect(try lines().count == 1)
        #expect(try lines().first?.contains("after") == true)
    }

    @Test func `a rotation that fails leaves the old file in use and says so`() throws {
        let backend = try backend(.file(path: path()))
        logger(backend).info("before")
        #expect(backend.flush(within: .seconds(60)))
        try FileManager.default.moveItem(atPath: path(), toPath: path("relay.log.1"))
        try FileManager.default.createDirectory(atPath: path(), withIntermediateDirectories: false)
        backend.reopen()
        logger(backend).info("after")
        #expect(backend.close(within: .seconds(60)))
        let messages = try lines("relay.log.1")
        #expect(messages.count == 3)
        #expect(messages.contains { $0.contains("log file not reopened") && $0.contains("Is a directory") })
    }

    @Test func `a log file that cannot be opened ends the start with its name`() {
        #expect(throws: LogStartError.file(path: "/nonexistent/relay.log", code: ENOENT)) {
            try LogBackend(.file(path: "/nonexistent/relay.log"), format: .json, level: .info)
        }
        #expect(
            LogStartError.file(path: "/nonexistent/relay.log", code: ENOENT).description
                == "cannot open log file /nonexistent/relay.log: No such file or directory"
        )
    }
}
