import Foundation
import Logging
import Telemetry
import Testing
import Tracing

/// What docs/telemetry-library.md shows, for the compiler; a process can set up logging once only, so it is not run.
private func example() throws {
    let log = try LogBackend(.standardOutput, format: .text(for: .standardOutput), level: .info)
    LoggingSystem.bootstrap({ log.handler(label: $0, metadataProvider: $1) }, metadataProvider: .tracing)

    enum DoorKey: String { case address }
    Logger(label: "door").log(.info, "listening", [DoorKey.address: "[::1]:9090"])

    log.level = .debug
    log.reopen()
    let lost = log.statistics.dropped.total
    log.close(within: .seconds(2))
    _ = lost
}

private func journalExample() throws -> LogBackend {
    let journal = JournalOptions(identifier: "myservice", prefix: "MYSERVICE_")
    let variable = ProcessInfo.processInfo.environment["JOURNAL_STREAM"]
    let isJournal = JournalStream.isStandardOutput(journalStream: variable)
    return try LogBackend(isJournal ? .journal(journal) : .standardOutput, format: .json, level: .info)
}

@Suite struct LogExampleTests {
    @Test func thePageShowsWhatIsCompiledHere() throws {
        let source = try String(contentsOfFile: #filePath, encoding: .utf8)
        let compiled = Set(source.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) })
        let page = try String(contentsOfFile: ExternalProgram.root + "/docs/telemetry-library.md", encoding: .utf8)
        let section = try #require(
            page.components(separatedBy: "\n## Logs\n").last?.components(separatedBy: "\n## ").first
        )
        let blocks = section.components(separatedBy: "```swift\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(blocks.count == 2)
        for line in blocks.joined().split(separator: "\n") {
            let code = line.components(separatedBy: "  //")[0].trimmingCharacters(in: .whitespaces)
            #expect(compiled.contains(code), "\(line)")
        }
    }

    @Test func aLineInsideASpanHasItsTraceAndItsOwnFieldsWin() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "span-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let log = try LogBackend(.file(path: path), format: .json, level: .info)
        let logger = Logger(label: "door") { log.handler(label: $0, metadataProvider: .tracing) }
        let tracer = RecordingTracer(sampler: RatioSampler(ratio: 1)) { _ in }
        let other = SpanID.random().hex
        logger.info("outside")
        tracer.withSpan("knock") { _ in
            logger.info("inside")
            logger.info("another's", metadata: ["span_id": "\(other)"])
        }
        #expect(log.close(within: .seconds(60)))
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String]
        }
        #expect(lines[0]?["trace_id"] == nil && lines[0]?["span_id"] == nil)
        #expect(lines[1]?["trace_id"]?.count == 32 && lines[1]?["span_id"]?.count == 16)
        #expect(lines[2]?["trace_id"] == lines[1]?["trace_id"] && lines[2]?["span_id"] == other)
    }
}
