import Foundation
import ProgramFixture

/// The `promtool` of the Debian package prometheus.
enum Promtool {
    /// What `promtool check metrics` has to say against the text, line by line.
    static func complaints(about text: [UInt8]) throws -> [String] {
        let (_, output) = try run(["check", "metrics"], input: Data(text))
        return output.split(separator: "\n").map(String.init)
    }

    static func testRules(_ yaml: String) throws -> Bool {
        let file = FileManager.default.temporaryDirectory.appending(path: "rules-\(UUID().uuidString).yaml")
        try Data(yaml.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try run(["test", "rules", file.path], input: Data()).status == 0
    }

    private static func run(_ arguments: [String], input: Data) throws -> (status: Int32, output: String) {
        let process = Process()
        let (standardInput, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["promtool"] + arguments
        process.standardInput = standardInput
        process.standardOutput = output
        process.standardError = output
        try process.runInTurn()
        // promtool reads all its input before it writes, so neither pipe can block the other.
        try standardInput.fileHandleForWriting.write(contentsOf: input)
        try standardInput.fileHandleForWriting.close()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: answer, as: UTF8.self))
    }
}
