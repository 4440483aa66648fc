import Foundation
import ProgramFixture

/// A program run to its end, with what it said.
struct Run {
    let status: Int32
    let output, errors: String

    static func moltrelay(_ arguments: String...) throws -> Run { try moltrelay(arguments) }

    /// The binary that was built beside this test, in `folder` where one is named. Its environment is what is given:
    /// MOLTRELAY_* variables of whoever runs the tests would be settings.
    static func moltrelay(
        _ arguments: [String],
        environment: [String: String] = [:],
        in folder: URL? = nil,
        input: String? = nil
    ) throws -> Run {
        let products = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let environment = ["HOME": "/nonexistent"].merging(environment) { $1 }
        return try Run(products.appendingPathComponent("moltrelay"), arguments, environment, folder, input)
    }

    static func openssl(_ arguments: String...) throws -> Run {
        try Run(URL(fileURLWithPath: "/usr/bin/openssl"), arguments)
    }

    private init(
        _ executable: URL,
        _ arguments: [String],
        _ environment: [String: String]? = nil,
        _ folder: URL? = nil,
        _ input: String? = nil
    ) throws {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        if let environment { process.environment = environment }
        if let folder { process.currentDirectoryURL = folder }
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        let stdin = input.map { _ in Pipe() }
        process.standardInput = stdin ?? FileHandle.nullDevice
        try process.runInTurn()
        if let stdin, let input {
            try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try stdin.fileHandleForWriting.close()
        }
        // Both are far smaller than a pipe, so that reading one after the other cannot block the writer.
        self.output = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        self.errors = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        status = process.terminationStatus
    }
}

func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("command-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
}

func save(_ text: String, _ path: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }

func contents(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
}
