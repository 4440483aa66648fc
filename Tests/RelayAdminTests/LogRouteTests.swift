import Logging
import NIOCore
import NIOHTTP1
import Telemetry
import Testing

@testable import RelayAdmin

@Suite struct LogRouteTests {
    private let log: LogBackend
    private let logger: Logger

    init() throws {
        let log = try LogBackend(
            .file(path: "/dev/null"),
            format: .json,
            level: .info,
            tailCapacity: 1 << 20,
            repetition: nil
        )
        self.log = log
        logger = Logger(label: "test") { log.handler(label: $0) }
    }

    private func withLogs(_ body: (Int) async throws -> Void) async throws {
        try await withServer([AdminRoute.logsPath: .logs(log.tail)]) { try await body($0) }
    }

    private func get(_ port: Int, _ query: String) throws -> Curl.Answer {
        try Curl.get("http://127.0.0.1:\(port)/v1/logs\(query)")
    }

    @Test func `the last lines, and done`() async throws {
        for number in 1...3 { logger.info("line", metadata: ["number": "\(number)"]) }
        try await withLogs { port in
            let json = try get(port, "?lines=2")
            #expect(json.status == 200)
            #expect(json.body.split(separator: "\n").count == 2)
            #expect(json.body.hasSuffix(#""message":"line","logger":"test","number":"3"}"# + "\n"))
            #expect(try get(port, "?lines=1&format=text").body.hasSuffix(" INFO     line number=3\n"))
            #expect(try get(port, "?grep=line%20number%3D1&format=text").body.hasSuffix(" INFO     line number=1\n"))
        }
    }

    @Test(
        arguments: [
            ("?lines=-1", "lines is 0 to 10000."), ("?lines=ten", "lines is 0 to 10000."),
            ("?level=loud", "level is one of debug, info, warn, error."), ("?format=xml", "format is json or text."),
        ]
    )
    func `what is wrong is said`(query: String, reason: String) async throws {
        try await withLogs { port in
            let answer = try get(port, query)
            #expect(answer.status == 400)
            #expect(answer.body == reason + "\n")
        }
    }

    @Test func `a question survives its way`() throws {
        var question = LogQuestion()
        question.lines = 7
        question.level = .warn
        question.event = "auth_failure"
        question.agent = "sha256:2bd806c97f0e00af"
        question.text = "50 % & more = ü?\u{1F}#"
        question.format = .text(colour: true)
        question.follows = true
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: question.path)
        #expect(try LogQuestion(AdminRequest(head, body: .init(), peer: nil)) == question)
    }

    @Test func `lines come as they are logged, in chunks`() async throws {
        logger.info("before")
        try await withLogs { port in
            let connection = try RawConnection(port: port)
            defer { connection.close() }
            try connection.send("GET /v1/logs?follow&format=text HTTP/1.1\r\nhost: x\r\n\r\n")
            let head = try connection.receive(until: "before\n\r\n")
            #expect(head.contains("transfer-encoding: chunked\r\n"))
            #expect(head.contains("connection: close\r\n"))
            logger.info("after")
            #expect(try connection.receive(until: "after\n\r\n").contains("INFO     after\n"))
        }
    }

    @Test func `a reader that goes leaves its place, and one too many is told`() async throws {
        try await withLogs { port in
            let readers = try (0..<LogTail.maxFollowers).map { _ in
                let connection = try RawConnection(port: port)
                try connection.send("GET /v1/logs?follow HTTP/1.0\r\n\r\n")
                _ = try connection.receive(until: "\r\n\r\n")
                return connection
            }
            let refused = try get(port, "?follow")
            #expect(refused.status == 503)
            #expect(refused.body == "8 readers follow the log already: end one of them.\n")
            for reader in readers { reader.close() }
            // Each probe gives the server's loop a turn to see them gone.
            var left = log.tail.followers
            for _ in 0..<1000 where left > 0 {
                _ = try get(port, "?lines=0")
                left = log.tail.followers
            }
            #expect(left == 0)
        }
    }

    @Test func `a reader that is stuck holds up no logger, and is told what it missed`() async throws {
        try await withLogs { port in
            let stuck = try RawConnection(port: port)
            defer { stuck.close() }
            try stuck.send("GET /v1/logs?follow&lines=0 HTTP/1.0\r\n\r\n")
            _ = try stuck.receive(until: "\r\n\r\n")
            let text = String(repeating: "x", count: 8000)
            // Past what sockets hold and the ring keeps.
            while log.tail.missed == 0 {
                logger.info("flood", metadata: ["text": "\(text)"])
                #expect(try get(port, "?lines=0").status == 200)
            }
            logger.info("last")
            let shown = try stuck.receive(until: #""message":"last","logger":"test"}"# + "\n")
            #expect(shown.contains(#""message":"log records not shown: they came faster than they were read""#))
        }
    }

    @Test func `the client hands lines over as they come, for as long as they are taken`() async throws {
        struct Enough: Error {}
        let socket = "/tmp/lr-\(UInt64.random(in: 0...UInt64.max))"
        logger.info("one")
        let server = AdminServer()
        try await server.listen(unixSocket: socket, router: AdminRouter([AdminRoute.logsPath: .logs(log.tail)]))
        var question = LogQuestion()
        question.follows = true
        var text = ""
        #expect(throws: Enough.self) {
            try AdminClient(.socket(socket)).logs(question) { bytes in
                if text.isEmpty { logger.info("two") }
                text += String(decoding: bytes, as: UTF8.self)
                if text.contains("two") { throw Enough() }
            }
        }
        try await server.close()
        #expect(text.split(separator: "\n").count == 2)
    }
}
