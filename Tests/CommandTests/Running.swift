import Foundation

struct Outcome {
    var exitCode: Int32
    var standardOutput: String
    var standardError: String
}

/// Runs the binary that was built beside this test bundle, in `folder`, with no environment but what is given.
func moltrelay(
    _ arguments: [String],
    environment: [String: String] = [:],
    in folder: URL = goldenFolder
) throws -> Outcome {
    let process = Process()
    process.executableURL = Bundle.main.bundleURL.appending(path: "moltrelay")
    process.arguments = arguments
    process.environment = ["HOME": "/nonexistent"].merging(environment) { $1 }
    process.currentDirectoryURL = folder
    let (output, error) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, error)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // Standard error stays far below a pipe's room here, so reading one after the other cannot block.
    let standardOutput = try output.fileHandleForReading.readToEnd() ?? Data()
    let standardError = try error.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return Outcome(
        exitCode: process.terminationStatus,
        standardOutput: String(decoding: standardOutput, as: UTF8.self),
        standardError: String(decoding: standardError, as: UTF8.self)
    )
}

let goldenFolder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

/// The text that is to come out. With UPDATE_GOLDEN set it is written first, for a person to look over.
func goldenText(_ name: String, actual: String) throws -> String {
    let file = goldenFolder.appending(path: name)
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil { try Data(actual.utf8).write(to: file) }
    return try String(contentsOf: file, encoding: .utf8)
}

func moltrelay(
    _ arguments: String...,
    environment: [String: String] = [:],
    in folder: URL = goldenFolder
) throws -> Outcome {
    try moltrelay(arguments, environment: environment, in: folder)
}
