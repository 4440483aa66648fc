import CSQLite
import Glibc

/// Why a database file was not opened. Nothing was changed in it.
public struct SQLiteOpenError: Error, Equatable, CustomStringConvertible {
    public enum Problem: Sendable, Equatable {
        case empty
        case damaged(detail: String)
        /// The main file is gone and its write-ahead log is not.
        case orphanedLog
        case foreign(applicationID: Int64)
        case newerSchema(found: Int64, known: Int64)
        case locked(byProcess: String)
        case unusable(detail: String)
    }

    public var path: String
    public var problem: Problem

    public var description: String {
        switch problem {
        case .empty:
            "\(path) is empty and no database: move it away to begin with a new one, or restore it from a backup"
        case .damaged(let detail):
            "\(path) is damaged (\(detail)): restore it from a backup, or save what `sqlite3 \(path) .recover` reads"
        case .orphanedLog:
            "\(path) is missing but its log \(path)-wal is there: put the file back, or move the log away"
        case .foreign(let id):
            "\(path) belongs to another application (id \(id)): set storage.sqlite.path to another file"
        case .newerSchema(let found, let known):
            "\(path) has schema version \(found) and this build knows \(known): run the newer moltrelay, or restore a backup"
        case .locked(let process):
            "\(path) is in use by process \(process): two relays cannot own one file; stop that one or set another path"
        case .unusable(let detail):
            "\(path) cannot be used: \(detail)"
        }
    }
}

/// The file of a store: its folder, its creation in one step, and the lock that makes this process its only owner.
struct StoreFile: ~Copyable {
    let path: String
    private let lock: Int32

    /// Creates the folder (0700) and takes the lock. Creates no database. Symbolic links are followed first: one file
    /// has one lock, and its log lies beside it.
    init(path: String) throws(SQLiteOpenError) {
        try Self.createFolder(of: path)
        let path = Self.resolve(path)
        let descriptor = try Self.takeLock(path)
        self.path = path
        lock = descriptor
    }

    deinit {
        // A child that this process is starting holds the descriptor too, until it runs its program: closing would not
        // do.
        flock(lock, LOCK_UN)
        close(lock)
    }

    enum Presence { case absent, present }

    func presence() throws(SQLiteOpenError) -> Presence {
        guard let size = Self.size(of: path) else {
            if Self.size(of: path + "-wal") ?? 0 > 0 { throw SQLiteOpenError(path: path, problem: .orphanedLog) }
            return .absent
        }
        // A database is made elsewhere and renamed to its place, so no crash of ours leaves this.
        guard size > 0 else { throw SQLiteOpenError(path: path, problem: .empty) }
        return .present
    }

    /// Fills a new database next to `path`, then puts it there in one step: a crash leaves none or a whole one.
    func create(_ fill: (SQLiteConnection) throws(SQLiteError) -> Void) throws(SQLiteOpenError) {
        let draft = path + ".new"
        unlink(draft)
        unlink(draft + "-journal")
        let descriptor = open(draft, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.unusable(path, "cannot create it") }
        close(descriptor)
        do {
            try fill(SQLiteConnection(path: draft))
        } catch {
            throw SQLiteOpenError(path: path, problem: .unusable(detail: error.message))
        }
        guard rename(draft, path) == 0, Self.syncFolder(of: path) else { throw Self.unusable(path, "cannot create it") }
    }

    static func size(of path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    private static func resolve(_ path: String) -> String {
        if let whole = realpath(path, nil) {
            defer { free(whole) }
            return String(cString: whole)
        }
        guard let parent = realpath(folder(of: path), nil) else { return path }
        defer { free(parent) }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let folder = String(cString: parent)
        return folder == "/" ? folder + name : folder + "/" + name
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func createFolder(of path: String) throws(SQLiteOpenError) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for part in folder(of: path).split(separator: "/") {
            prefix += part + "/"
            guard mkdir(prefix, 0o700) == 0 || errno == EEXIST else {
                throw unusable(path, "cannot create the folder \(prefix)")
            }
        }
    }

    // Beside the database, not on it: closing any descriptor of a file drops the POSIX locks libsqlite3 holds on it.
    private static func takeLock(_ path: String) throws(SQLiteOpenError) -> Int32 {
        let descriptor = open(path + ".lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw unusable(path, "cannot open \(path).lock") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            defer { close(descriptor) }
            throw SQLiteOpenError(path: path, problem: .locked(byProcess: owner(descriptor)))
        }
        let pid = Array("\(getpid())\n".utf8)
        ftruncate(descriptor, 0)
        _ = pwrite(descriptor, pid, pid.count, 0)
        return descriptor
    }

    private static func owner(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = max(0, pread(descriptor, &bytes, bytes.count, 0))
        let digits = bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") }
        return digits.isEmpty ? "?" : String(decoding: digits, as: UTF8.self)
    }

    private static func syncFolder(of path: String) -> Bool {
        let descriptor = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return fsync(descriptor) == 0
    }

    private static func unusable(_ path: String, _ what: String) -> SQLiteOpenError {
        SQLiteOpenError(path: path, problem: .unusable(detail: "\(what): \(String(cString: strerror(errno)))"))
    }
}
