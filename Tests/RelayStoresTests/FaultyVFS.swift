import CSQLite
import Glibc
import Synchronization

/// The system's files, but that syncing a write-ahead log fails while `syncResult` says so.
enum FaultyVFS {
    static let name = "faulty"
    /// SQLITE_IOERR_FSYNC.
    static let failedSync = SQLITE_IOERR | 4 << 8
    static let syncResult = Atomic<Int32>(SQLITE_OK)

    // Written once by `register`, before any connection uses this VFS.
    nonisolated(unsafe) private static var system: UnsafeMutablePointer<sqlite3_vfs>?
    // The table of the system's methods is the same for every log; written under SQLite's lock on opening files.
    nonisolated(unsafe) private static var systemMethods: UnsafePointer<sqlite3_io_methods>?
    // Filled once, together with `systemMethods`.
    nonisolated(unsafe) private static let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    private static let isRegistered = register()

    /// The name to open with, registered.
    static func use() -> String {
        precondition(isRegistered)
        return name
    }

    private static func register() -> Bool {
        guard let found = sqlite3_vfs_find(nil) else { return false }
        system = found
        let faulty = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        faulty.initialize(to: found.pointee)
        faulty.pointee.zName = UnsafePointer(strdup(name))
        faulty.pointee.xOpen = { _, path, file, flags, outFlags in FaultyVFS.open(path, file, flags, outFlags) }
        return sqlite3_vfs_register(faulty, 0) == SQLITE_OK
    }

    private static func open(
        _ path: sqlite3_filename?,
        _ file: UnsafeMutablePointer<sqlite3_file>?,
        _ flags: Int32,
        _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        guard let system, let file, let result = system.pointee.xOpen?(system, path, file, flags, outFlags) else {
            return SQLITE_CANTOPEN
        }
        guard result == SQLITE_OK, flags & SQLITE_OPEN_WAL != 0, let found = file.pointee.pMethods else {
            return result
        }
        if systemMethods == nil {
            methods.initialize(to: found.pointee)
            methods.pointee.xSync = { file, flags in FaultyVFS.sync(file, flags) }
            systemMethods = found
        }
        file.pointee.pMethods = UnsafePointer(methods)
        return result
    }

    private static func sync(_ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32) -> Int32 {
        let wanted = syncResult.load(ordering: .sequentiallyConsistent)
        return wanted == SQLITE_OK ? systemMethods?.pointee.xSync?(file, flags) ?? SQLITE_IOERR : wanted
    }
}
