import CSQLite

extension StoreFile {
    /// The database of this file, created where there is none, refused where it is not sound, ready for a store.
    /// - Returns: with it how many damaged rows earlier runs had put aside; bringing it up to date may put aside more.
    func openDatabase(vfs: String?) throws(SQLiteOpenError) -> (connection: SQLiteConnection, keptAside: Int) {
        if try presence() == .absent { try create(Schema.create) }
        if let damage = LogCheck(path: path + "-wal").damage {
            throw SQLiteOpenError(path: path, problem: .damaged(detail: damage))
        }
        let problem: SQLiteOpenError.Problem
        do throws(SQLiteError) {
            let connection = try SQLiteConnection(path: path, vfs: vfs)
            guard let found = try Schema.problem(of: connection) else {
                let keptAside = try connection.rowsKeptAside()
                try Schema.migrate(connection, from: try connection.integer("PRAGMA user_version") ?? 0)
                try connection.configureForStore()
                // What a torn end left in the log would look like damage behind a commit that is torn later. A full
                // disk may not let it be emptied, and is no reason not to start.
                try? connection.checkpoint(.truncate)
                return (connection, keptAside)
            }
            problem = found
        } catch {
            throw SQLiteOpenError(path: path, error)
        }
        throw SQLiteOpenError(path: path, problem: problem)
    }
}

extension SQLiteConnection {
    func rowsKeptAside() throws(SQLiteError) -> Int { Int(try integer("SELECT count(*) FROM quarantine") ?? 0) }

    /// A connection to a database that this process has verified before.
    convenience init(reopening path: String, vfs: String?) throws(SQLiteError) {
        // libsqlite3 would begin a new file where the old one is gone.
        guard StoreFile.size(of: path) ?? 0 > 0 else {
            throw SQLiteError(code: SQLITE_CANTOPEN, message: "\(path) is gone")
        }
        try self.init(path: path, vfs: vfs)
        try configureForStore()
    }
}

extension SQLiteOpenError {
    init(path: String, _ error: SQLiteError) {
        self.path = path
        problem = error.kind == .corrupt ? .damaged(detail: error.message) : .unusable(detail: error.message)
    }
}
