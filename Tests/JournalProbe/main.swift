import Foundation
import Logging
import Telemetry

// A service that logs to the journal and nothing else; what it is told is in its arguments and on standard input.
//   say [bytes]   logs the entries of a JSON array on standard input; `bytes` is the longest entry
//   flood         logs until something is lost, says so, and goes on when a line comes in

struct Entry: Decodable {
    var level: String
    var message: String
    var fields: [String: String]
}

struct Outcome: Encodable {
    var written, dropped, errors: UInt64
    var wroteAll: Bool
}

func backend(maxEntryBytes: Int = JournalOptions.defaultMaxEntryBytes) throws -> LogBackend {
    let options = JournalOptions(identifier: "probe", prefix: "PROBE_", maxEntryBytes: maxEntryBytes)
    return try LogBackend(.journal(options), format: .json, level: .trace, repetition: nil)
}

func say(_ entries: [Entry], _ log: LogBackend) {
    let logger = Logger(label: "probe.logger") { log.handler(label: $0) }
    for entry in entries {
        let level = Logger.Level(rawValue: entry.level) ?? .critical
        logger.log(level: level, "\(entry.message)", metadata: entry.fields.mapValues { "\($0)" })
    }
}

func flood(_ log: LogBackend) {
    let logger = Logger(label: "probe.flood") { log.handler(label: $0) }
    while log.statistics.dropped.total == 0 {
        logger.info("flood", metadata: ["text": "\(String(repeating: "x", count: 500))"])
    }
    tell("full")
    _ = readLine()
}

func tell(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

do {
    let arguments = CommandLine.arguments
    let log = try backend(
        maxEntryBytes: arguments.count > 2 ? Int(arguments[2]) ?? 0 : JournalOptions.defaultMaxEntryBytes
    )
    if arguments[1] == "flood" {
        flood(log)
    } else {
        say(try JSONDecoder().decode([Entry].self, from: FileHandle.standardInput.readDataToEndOfFile()), log)
    }
    let wroteAll = log.close(within: .seconds(60))
    let statistics = log.statistics
    let outcome = Outcome(
        written: statistics.written,
        dropped: statistics.dropped.total,
        errors: statistics.writeErrors,
        wroteAll: wroteAll
    )
    tell(String(decoding: try JSONEncoder().encode(outcome), as: UTF8.self))
} catch {
    tell("\(error)")
    exit(1)
}
