import Foundation
import Identity

/// Where a command puts what it made: a new file, or standard output for `-`.
enum OutputFile {
    static let standardOutput = "-"

    static func write(_ bytes: [UInt8], to path: String, mode: UInt32) throws {
        guard path == standardOutput else { return try KeyFile.write(bytes, to: path, mode: mode) }
        try FileHandle.standardOutput.write(contentsOf: Data(bytes))
    }

    /// Says something to a person, on whichever stream `path` leaves free.
    static func report(_ text: String, besides path: String) throws {
        let stream = path == standardOutput ? FileHandle.standardError : FileHandle.standardOutput
        try stream.write(contentsOf: Data(text.utf8))
    }

    /// For a file that this process has just made and that nobody has been told of.
    static func remove(_ path: String) {
        guard path != standardOutput else { return }
        try? FileManager.default.removeItem(atPath: path)
    }
}
