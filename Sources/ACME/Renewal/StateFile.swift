internal import Glibc

/// Small files that are secret, and replaced as a whole.
enum StateFile {
    struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ operation: String) { description = "\(operation): \(String(cString: strerror(errno)))" }
    }

    private static let maxBytes = 1 << 20

    /// nil where there is no such file.
    static func read(_ path: String) throws(Failure) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Failure("cannot be read")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: maxBytes)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw Failure("cannot be read") }
        return Array(bytes.prefix(count))
    }

    /// Durable on return, under its name.
    static func replace(_ path: String, with bytes: [UInt8]) throws(Failure) {
        let draft = path + ".new"
        try write(bytes, to: draft)
        try take(draft, as: path)
    }

    /// For the owner alone, whatever lay there before.
    static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        unlink(path)
        let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("cannot be written") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw Failure("cannot be written")
        }
    }

    static func take(_ draft: String, as path: String) throws(Failure) {
        guard rename(draft, path) == 0 else { throw Failure("cannot be replaced") }
        let folder = open(
            String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]),
            O_RDONLY | O_DIRECTORY | O_CLOEXEC
        )
        guard folder >= 0 else { throw Failure("its folder cannot be opened") }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw Failure("its folder cannot be synced") }
    }

    /// And what is above it, for the owner alone.
    static func makeFolder(_ path: String) throws(Failure) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw Failure("the folder cannot be made")
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Failure("the folder cannot be made") }
    }
}
