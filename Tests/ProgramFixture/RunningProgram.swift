public import Foundation

/// A server of the system in the foreground, with a folder of its own; ended and removed with its last use.
public final class RunningProgram {
    public let folder: URL
    private let process = Process()
    private let output = Pipe()
    private var unread = Data()

    struct Ended: Error {
        let after: [String]
    }

    /// - Parameters:
    ///   - files: written into the folder first; `FOLDER` in them and in the arguments becomes its path.
    public init(_ command: [String], files: [String: String]) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "server-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, text) in files {
            let filled = Self.filled(text, folder) + "\n"
            try Data(filled.utf8).write(to: folder.appending(path: name))
        }
        process.executableURL = URL(filePath: "/usr/bin/env")
        // `timeout` hands signals on and insists, ends what a killed test leaves, and keeps open the descriptor by
        // whose end Foundation knows a child's: netdata closes all of its.
        process.arguments = ["timeout", "-k", "2", "600"] + command.map { [folder] in Self.filled($0, folder) }
        process.standardOutput = output
        process.standardError = output
        // A child inherits the mask, and on this thread nearly all signals are blocked.
        var (none, mask) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &mask)
        defer { pthread_sigmask(SIG_SETMASK, &mask, nil) }
        try process.runInTurn()
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Waits for such a line among the next few thousand. What comes after it waits in a pipe of 64 KiB.
    @discardableResult
    public func waitForLine(where isWanted: (String) -> Bool) throws -> String {
        var seen: [String] = []
        for _ in 0..<5_000 {
            guard let line = nextLine() else { break }
            if isWanted(line) { return line }
            seen.append(line)
        }
        throw Ended(after: seen.suffix(20))
    }

    private func nextLine() -> String? {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                defer { unread = Data(unread[(end + 1)...]) }
                return String(decoding: unread[..<end], as: UTF8.self)
            }
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { return nil }
            unread += data
        }
    }

    private static func filled(_ text: String, _ folder: URL) -> String {
        text.replacing("FOLDER", with: folder.path)
    }
}
