import CSQLite

extension SQLiteConnection {
    /// What every connection of a store is set to.
    /// - `synchronous=FULL` syncs the log at each commit: NORMAL would lose acknowledged messages with the power.
    /// - `wal_autocheckpoint=0`: the writer checkpoints between transactions, after their completions ran.
    /// - `mmap_size=0`: an input error is an error code, not a signal.
    /// - `secure_delete=FAST` zeroes what is deleted where that costs no write; Debian's default costs one a page.
    func configureForStore() throws(SQLiteError) {
        guard sqlite3_libversion_number() >= 3_037_000 else {
            throw SQLiteError(code: SQLITE_MISUSE, message: "libsqlite3 3.37 or later is needed for STRICT tables")
        }
        sqlite3_busy_timeout(handle, 2_000)
        try execute(
            """
            PRAGMA journal_mode=WAL;
            PRAGMA synchronous=FULL;
            PRAGMA wal_autocheckpoint=0;
            PRAGMA journal_size_limit=67108864;
            PRAGMA cache_size=-16384;
            PRAGMA mmap_size=0;
            PRAGMA secure_delete=FAST;
            PRAGMA temp_store=MEMORY;
            PRAGMA trusted_schema=OFF;
            PRAGMA cell_size_check=ON;
            """
        )
        followLog()
        try requireDurability()
    }

    /// SQLite says nothing of a setting it did not make.
    func requireDurability() throws(SQLiteError) {
        guard try text("PRAGMA journal_mode") == "wal", try integer("PRAGMA synchronous") == 2 else {
            throw SQLiteError(code: SQLITE_MISUSE, message: "write-ahead log or synchronous=FULL refused")
        }
    }
}
