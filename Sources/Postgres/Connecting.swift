import CLibpq
import Glibc

/// An attempt to connect to one host. libpq knows lists of hosts too, but waits for one that does not answer for ever.
struct Connecting: ~Copyable {
    private var connection: OpaquePointer?
    private let timeout: Duration

    init(to host: String, _ settings: PostgresSettings) throws(PostgresFailure) {
        timeout = settings.connectTimeout
        var words = [
            "host": host, "port": String(settings.port), "dbname": settings.database, "user": settings.user,
            "sslmode": settings.security.rawValue, "application_name": "moltrelay", "client_encoding": "UTF8",
            "target_session_attrs": "read-write", "gssencmode": "disable",
            // A host that is gone says nothing: half the time that an answer may take.
            "keepalives_idle": "5", "keepalives_interval": "2", "keepalives_count": "3",
        ]
        words["password"] = try settings.password()
        connection = Self.start(words)
        guard let connection else { throw .temporary("no memory for a connection") }
        // Before it says anything: an attempt that fails has no other way to tell the SQLSTATE.
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
    }

    private static func start(_ words: [String: String]) -> OpaquePointer? {
        var keywords = words.keys.map { UnsafePointer(strdup($0)) } + [nil]
        var values = words.values.map { UnsafePointer(strdup($0)) } + [nil]
        defer { for text in keywords + values { free(UnsafeMutablePointer(mutating: text)) } }
        return PQconnectStartParams(&keywords, &values, 0)
    }

    deinit { connection.map { PQfinish($0) } }

    /// The connection, the caller's from now on.
    consuming func finish() throws(PostgresFailure) -> OpaquePointer {
        guard let connection else { throw .closed }
        let patience = Patience(timeout)
        // libpq's word: as if it had last asked to wait until it can write.
        var state = PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
        while state != PGRES_POLLING_OK {
            guard state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING else {
                throw PostgresFailure(connecting: String(cString: PQerrorMessage(connection)))
            }
            let events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT
            try patience.wait(for: PQsocket(connection), events)
            state = PQconnectPoll(connection)
        }
        self.connection = nil
        return connection
    }
}

extension PostgresSettings {
    fileprivate func password() throws(PostgresFailure) -> String? {
        guard let passwordFile else { return nil }
        guard let file = fopen(passwordFile, "re") else {
            throw .refused("\(passwordFile): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        guard let end = bytes[..<count].lastIndex(where: { $0 != 0x0A && $0 != 0x0D }) else {
            throw .refused("\(passwordFile) is empty")
        }
        return String(decoding: bytes[...end], as: UTF8.self)
    }
}
