import CSQLite

/// A prepared statement. Bytes bound without `copying` stay where they are until the next `reset`.
final class SQLiteStatement {
    private let connection: SQLiteConnection
    private let handle: OpaquePointer

    init(_ sql: String, on connection: SQLiteConnection) throws(SQLiteError) {
        var prepared: OpaquePointer?
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        try connection.check(sqlite3_prepare_v3(connection.handle, sql, -1, flags, &prepared, nil))
        guard let prepared else { throw SQLiteError(code: SQLITE_MISUSE, message: "empty statement") }
        self.connection = connection
        handle = prepared
    }

    deinit { sqlite3_finalize(handle) }

    func bind(_ value: Int64, at index: Int32) { sqlite3_bind_int64(handle, index, value) }

    func bindNull(at index: Int32) { sqlite3_bind_null(handle, index) }

    /// No destructor is SQLITE_STATIC: libsqlite3 reads the bytes where they are.
    func bind(_ bytes: UnsafeRawBufferPointer, at index: Int32) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else {
            sqlite3_bind_zeroblob(handle, index, 0)
            return
        }
        sqlite3_bind_blob64(handle, index, base, UInt64(bytes.count), nil)
    }

    // SQLITE_TRANSIENT, a cast in a macro that Swift does not import: libsqlite3 copies.
    private static let copying = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    func bind(copying bytes: [UInt8], at index: Int32) {
        sqlite3_bind_blob64(handle, index, bytes, UInt64(bytes.count), Self.copying)
    }

    func bind(copying text: String, at index: Int32) {
        sqlite3_bind_text(handle, index, text, -1, Self.copying)
    }

    /// True where there is a row to read.
    func step() throws(SQLiteError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw connection.error(code)
        }
    }

    /// Runs a statement that gives no row that matters, ready to run again after.
    func run() throws(SQLiteError) {
        defer { reset() }
        _ = try step()
    }

    func reset() { sqlite3_reset(handle) }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func text(_ column: Int32) -> String? { sqlite3_column_text(handle, column).map { String(cString: $0) } }

    /// Valid until the next `step` or `reset`.
    func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        let base = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: base, count: base == nil ? 0 : Int(sqlite3_column_bytes(handle, column)))
    }
}
