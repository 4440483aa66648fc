import Foundation
import ProgramFixture
import StoreFixtures

/// The crash probe as a child process.
final class Probe {
    private let process = Process()
    private let output = Pipe()
    private var unread = ""
    private(set) var acknowledged: [UInt64] = []

    /// - Parameter tracer: a command that runs the probe, such as strace and its options.
    init(_ arguments: [String], tracer: [String] = []) throws {
        let command = tracer + [try Self.executable()] + arguments
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardOutput = output
        try process.runInTurn()
    }

    var processID: Int32 { process.processIdentifier }

    /// Reads until `count` messages were acknowledged or the probe ended.
    func readAcknowledgements(_ count: Int) {
        while acknowledged.count < count, readSome() {}
    }

    /// `kill -9`, then whatever it had printed by then.
    func killAndReadTheRest() {
        kill(process.processIdentifier, SIGKILL)
        finish()
    }

    func finish() {
        while readSome() {}
        process.waitUntilExit()
    }

    private func readSome() -> Bool {
        let data = output.fileHandleForReading.availableData
        guard !data.isEmpty else { return false }
        unread += String(decoding: data, as: UTF8.self)
        var lines = unread.split(separator: "\n", omittingEmptySubsequences: false)
        unread = String(lines.removeLast())
        acknowledged += lines.compactMap { $0.split(separator: " ").last.flatMap { UInt64($0) } }
        return true
    }

    /// Next to the test runner: both are products of one build.
    private static func executable() throws -> String {
        let runner = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? runner
        let folders = [runner, bundle].map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
        let candidates = folders.map { $0.appendingPathComponent("StoreCrashProbe").path }
        guard let found = candidates.first(where: FileManager.default.isExecutableFile) else {
            throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: candidates.joined(separator: ", ")])
        }
        return found
    }
}
