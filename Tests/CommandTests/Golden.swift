import Foundation

let goldenFolder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

/// The text that is to come out. With UPDATE_GOLDEN set it is written first, for a person to look over.
func goldenText(_ name: String, actual: String) throws -> String {
    let file = goldenFolder.appending(path: name)
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil { try Data(actual.utf8).write(to: file) }
    return try String(contentsOf: file, encoding: .utf8)
}

/// Where the configurations of these tests are, so that messages name them without a folder.
func moltrelay(_ arguments: String..., environment: [String: String] = [:]) throws -> Run {
    try Run.moltrelay(arguments, environment: environment, in: goldenFolder)
}
