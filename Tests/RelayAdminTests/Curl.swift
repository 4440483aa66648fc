import Foundation
import ProgramFixture
import Testing

/// The real curl.
enum Curl {
    struct Answer {
        var status: Int
        /// The status line and the fields, names in lower case.
        var head: String
        var body: String
    }

    static func get(_ url: String, _ arguments: String...) throws -> Answer { try get(url, arguments) }

    static func get(_ url: String, _ arguments: [String]) throws -> Answer {
        let curl = Process()
        curl.executableURL = URL(filePath: "/usr/bin/env")
        curl.arguments = ["curl", "-sS", "-i", "--max-time", "30", url] + arguments
        let output = Pipe()
        curl.standardOutput = output
        try curl.runInTurn()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        curl.waitUntilExit()
        try #require(curl.terminationStatus == 0)
        let parts = text.components(separatedBy: "\r\n\r\n")
        let status = try #require(text.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        return Answer(status: status, head: parts[0].lowercased(), body: parts[1...].joined(separator: "\r\n\r\n"))
    }
}
