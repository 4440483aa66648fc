import ArgumentParser
import Foundation
import RelayAdmin

/// Reads an export in batches that the relay takes, holding no more of it than one.
struct ExportLines {
    struct Batch {
        var bytes: [UInt8] = []
        var count = 0
        /// Of the file, counted from 1.
        var firstLine: Int

        var isEmpty: Bool { count == 0 }
    }

    struct Unusable: Error {
        var reason: String
        /// nil where what was read before counts, and the reason is to be told.
        var exit: ExitCode?
    }

    private static let maxRows = 1_000
    private static let batchBytes = 1 << 20

    private let file: FileHandle
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false
    private var line = 0
    private var rows = 0
    private var hasHead = false
    /// What the last line says.
    private var end: Int?

    init(_ path: String) throws {
        guard path != OutputFile.standardOutput else {
            file = .standardInput
            return
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            try Terminal.note("cannot read \(path): \(String(cString: strerror(errno)))")
            throw ExitCode(EX_NOINPUT)
        }
        file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// nil at the end of a whole export.
    mutating func next() throws(Unusable) -> Batch? {
        if !hasHead { try readHead() }
        if let end {
            guard end != rows else { return nil }
            throw Unusable(reason: "it has \(rows) messages, its last line says \(end)")
        }
        var batch = Batch(firstLine: line + 1)
        while batch.count < Self.maxRows, batch.bytes.count < Self.batchBytes {
            guard let next = try nextLine() else {
                guard batch.isEmpty else { return batch }
                throw Unusable(reason: "it is cut short: the last line, which counts the messages, is missing")
            }
            if let end = try? JSONDecoder().decode(ExportEnd.self, from: Data(next)) {
                self.end = end.end
                return batch
            }
            batch.bytes += next + [UInt8(ascii: "\n")]
            batch.count += 1
            rows += 1
        }
        return batch
    }

    private mutating func readHead() throws(Unusable) {
        hasHead = true
        let first = try nextLine() ?? []
        let head = try? JSONDecoder().decode(ExportHead.self, from: Data(first))
        guard let head, head.format == ExportHead.format else {
            throw Unusable(reason: "it is no export of a queue: the first line does not name the format")
        }
        guard head.version == ExportHead.version else {
            throw Unusable(reason: "it is of version \(head.version), this relay knows version \(ExportHead.version)")
        }
    }

    private mutating func nextLine() throws(Unusable) -> [UInt8]? {
        while true {
            if let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                line += 1
                return Array(buffer[start..<end])
            }
            guard !isAtEnd else { return nil }
            buffer.removeFirst(start)
            start = 0
            guard buffer.count <= AdminRoute.maxImportBytes else {
                throw Unusable(reason: "line \(line + 1) is longer than any message's")
            }
            let more = (try? file.read(upToCount: 1 << 20)) ?? nil
            guard let more, !more.isEmpty else {
                isAtEnd = true
                continue
            }
            buffer += more
        }
    }
}
