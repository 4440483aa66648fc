import CSQLite

/// What libsqlite3 answered.
struct SQLiteError: Error, Equatable {
    /// Extended result code.
    var code: Int32
    var message: String

    var primaryCode: Int32 { code & 0xFF }

    /// The file or what lies under it failed: a connection that saw this is not used again.
    var isInputOutput: Bool {
        [SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_NOTADB, SQLITE_PROTOCOL, SQLITE_READONLY].contains(primaryCode)
    }

    /// A row whose indexed columns changed under it: rebuilding the indexes helps.
    var isIndexMismatch: Bool { primaryCode == SQLITE_CORRUPT }
}

/// One open database. Confined to the thread that uses it: libsqlite3's own mutexes are off.
final class SQLiteConnection {
    let handle: OpaquePointer

    /// - Parameter vfs: a VFS registered by this name, where not the system's.
    init(path: String, vfs: String? = nil) throws(SQLiteError) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &opened, flags, vfs)
        guard code == SQLITE_OK, let opened else {
            let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(opened)
            throw SQLiteError(code: code, message: message)
        }
        handle = opened
    }

    deinit {
        sqlite3_close_v2(handle)
        logPages.deallocate()
    }

    /// Pages in the write-ahead log after the last commit of this connection.
    private let logPages = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

    var pagesInLog: Int { Int(logPages.pointee) }

    /// To be called after `wal_autocheckpoint` was set, which is a hook itself.
    func followLog() {
        logPages.initialize(to: 0)
        sqlite3_wal_hook(
            handle,
            { context, _, _, pages in
                context?.assumingMemoryBound(to: Int32.self).pointee = pages
                return SQLITE_OK
            },
            logPages
        )
    }

    enum Checkpoint {
        /// Leaves what a reader still needs.
        case passive
        /// Waits for readers, so that the log begins anew.
        case restart
        /// The same, and empties the file.
        case truncate

        fileprivate var mode: Int32 {
            switch self {
            case .passive: SQLITE_CHECKPOINT_PASSIVE
            case .restart: SQLITE_CHECKPOINT_RESTART
            case .truncate: SQLITE_CHECKPOINT_TRUNCATE
            }
        }
    }

    /// Copies the log into the database. That a reader was in the way is no error: the next one will do more.
    func checkpoint(_ kind: Checkpoint) throws(SQLiteError) {
        let code = sqlite3_wal_checkpoint_v2(handle, nil, kind.mode, nil, nil)
        guard code & 0xFF != SQLITE_BUSY else { return }
        try check(code)
    }

    func execute(_ sql: String) throws(SQLiteError) {
        try check(sqlite3_exec(handle, sql, nil, nil, nil))
    }

    /// The first column of the first row; nil where there is no row.
    func integer(_ sql: String) throws(SQLiteError) -> Int64? {
        let statement = try SQLiteStatement(sql, on: self)
        return try statement.step() ? statement.integer(0) : nil
    }

    func text(_ sql: String) throws(SQLiteError) -> String? {
        let statement = try SQLiteStatement(sql, on: self)
        return try statement.step() ? statement.text(0) : nil
    }

    /// Rows the last statement changed.
    var changes: Int { Int(sqlite3_changes(handle)) }

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw error(code) }
    }

    func error(_ code: Int32) -> SQLiteError {
        SQLiteError(code: code, message: String(cString: sqlite3_errmsg(handle)))
    }
}
