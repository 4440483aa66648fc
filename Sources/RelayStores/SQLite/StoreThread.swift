import Glibc

/// A thread that runs one function to its end. Not a task: libsqlite3 blocks in fsync, and the cooperative pool has no
/// threads to lend for that.
enum StoreThread {
    private final class Start {
        let name: String
        let body: () -> Void

        init(name: String, body: @escaping () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// - Parameter name: at most 15 bytes are shown by the system.
    static func run(name: String, _ body: sending @escaping () -> Void) throws(SQLiteError) {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, Self.main, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw SQLiteError(code: code, message: "no thread: \(String(cString: strerror(code)))")
        }
        pthread_detach(thread)
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        nameThisThread(start.name)
        start.body()
        return nil
    }

    // glibc hides pthread_setname_np behind _GNU_SOURCE, which Swift's module of it does not set.
    private static func nameThisThread(_ name: String) {
        let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(name.utf8.prefix(15))
        _ = write(descriptor, bytes, bytes.count)
    }
}
