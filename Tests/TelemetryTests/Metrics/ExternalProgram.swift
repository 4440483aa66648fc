import Foundation
import ProgramFixture

/// A program of the system, run once with bytes on its standard input.
struct ExternalProgram {
    /// With Tests/requirements.txt, as `make setup` installs it.
    static let python = ProcessInfo.processInfo.environment["AGENT_PYTHON"] ?? root + "/.build/venv/bin/python"
    static let root = URL(filePath: #filePath).appending(path: "../../../..").standardized.path

    struct Output {
        var status: Int32
        var standardOutput: Data
        var standardError: String
    }

    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    /// What a script in Tests/Peers prints about `input`; throws what it complains of.
    static func peer(_ script: String, _ arguments: String..., input: [UInt8]) throws -> Data {
        let output = try run([python, root + "/Tests/Peers/" + script] + arguments, input: input)
        guard output.status == 0 else { throw Failed(description: output.standardError) }
        return output.standardOutput
    }

    /// - Parameter arguments: the program's name first; it is looked up in PATH.
    static func run(_ arguments: String..., input: [UInt8]) throws -> Output { try run(arguments, input: input) }

    static func run(_ arguments: [String], input: [UInt8]) throws -> Output {
        let folder = FileManager.default.temporaryDirectory.appending(path: "telemetry-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = ["in", "out", "err"].map { folder.appending(path: $0) }
        try Data(input).write(to: files[0])
        for file in files[1...] { try Data().write(to: file) }

        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.runInTurn()
        process.waitUntilExit()
        return Output(
            status: process.terminationStatus,
            standardOutput: try Data(contentsOf: files[1]),
            standardError: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self)
        )
    }
}
