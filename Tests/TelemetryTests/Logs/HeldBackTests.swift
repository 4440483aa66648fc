import Foundation
import Logging
import Telemetry
import Testing

@Suite struct HeldBackTests {
    /// A pipe's lines, as they come.
    private final class Reader {
        private let input: FileHandle
        private var rest = Data()

        init(_ descriptor: Int32) { input = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true) }

        func next() throws -> NSDictionary? {
            while true {
                if let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    defer { rest = Data(rest[(newline + 1)...]) }
                    return try JSONSerialization.jsonObject(with: rest[..<newline]) as? NSDictionary
                }
                let data = input.availableData
                guard !data.isEmpty else { return nil }
                rest += data
            }
        }
    }

    private func withBackend(
        _ repetition: LogRepetition,
        _ body: (LogBackend, Logger, Reader) throws -> Void
    ) throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { close(ends[1]) }
        let backend = try LogBackend(.descriptor(ends[1]), format: .json, level: .info, repetition: repetition)
        try body(backend, Logger(label: "door") { backend.handler(label: $0) }, Reader(ends[0]))
    }

    private func expect(_ line: NSDictionary?, tells count: Int) {
        #expect(line?["message"] as? String == "log lines held back")
        #expect(line?["held_back"] as? Int == count)
        #expect(line?["held_message"] as? String == "knock")
        #expect(line?["held_logger"] as? String == "door")
        #expect(line?["level"] as? String == "warning")
    }

    @Test func `how many were held back is told although nobody logs any more`() throws {
        let repetition = LogRepetition(burst: 1, perSecond: 0.000_001, reportAfter: .milliseconds(200))
        try withBackend(repetition) { (backend: LogBackend, logger: Logger, reader: Reader) throws in
            for _ in 0..<5 { logger.warning("knock") }
            #expect(try reader.next()?["message"] as? String == "knock")
            expect(try reader.next(), tells: 4)
            #expect(backend.statistics.heldBack == 4)
            #expect(backend.close(within: .seconds(60)))
        }
    }

    @Test func `at the end it is told without waiting`() throws {
        let repetition = LogRepetition(burst: 1, perSecond: 0.000_001, reportAfter: .seconds(3600))
        try withBackend(repetition) { (backend: LogBackend, logger: Logger, reader: Reader) throws in
            for _ in 0..<3 { logger.warning("knock") }
            #expect(backend.close(within: .seconds(60)))
            #expect(try reader.next()?["message"] as? String == "knock")
            expect(try reader.next(), tells: 2)
        }
    }
}
