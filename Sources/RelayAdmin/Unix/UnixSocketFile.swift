import Glibc

/// The file of a listening Unix socket.
///
/// Mode 0600 from its first moment: the mode is set on the descriptor, from which `bind` makes the file's. It becomes
/// 0660 once the file is its group's, and nobody can connect before. Two relays
/// that start at once take turns by a lock on the folder, so that neither takes the other's fresh socket for a dead
/// one.
struct UnixSocketFile: Sendable {
    private let path: String
    private let identity: Identity?

    /// The number alone is no identity: file systems give a freed one out again at once.
    private struct Identity: Equatable {
        var inode: ino_t
        var modifiedSeconds: Int
        var modifiedNanoseconds: Int

        init?(path: String) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            inode = status.st_ino
            modifiedSeconds = status.st_mtim.tv_sec
            modifiedNanoseconds = status.st_mtim.tv_nsec
        }
    }

    /// Binds and listens. A socket file nobody answers on is replaced. The descriptor is the caller's.
    static func listen(
        path: String,
        group: SocketGroup? = nil,
        backlog: Int32
    ) throws(ListenerError) -> (descriptor: Int32, file: UnixSocketFile) {
        do {
            let lock = try FolderLock(ofFile: path)
            defer { lock.unlock() }
            try removeStale(path)
            let descriptor = try bind(path, group, backlog: backlog)
            return (descriptor, UnixSocketFile(path: path, identity: Identity(path: path)))
        } catch {
            throw ListenerError(address: path, error)
        }
    }

    /// Unless another socket took its place meanwhile.
    func remove() {
        guard let identity, Identity(path: path) == identity else { return }
        unlink(path)
    }

    /// Removes a socket file whose listener is gone, and nothing else.
    private static func removeStale(_ path: String) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw SystemFailure(code: errno) }
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw ListenerError(address: path, reason: .notASocket) }
        if let reason = try listener(on: path) { throw ListenerError(address: path, reason: reason) }
        guard unlink(path) == 0 else { throw SystemFailure(code: errno) }
    }

    /// nil where nobody listens on it.
    private static func listener(on path: String) throws(SystemFailure) -> ListenerError.Reason? {
        do {
            let descriptor = try UnixSocket.connect(to: path)
            defer { close(descriptor) }
            return .answeredBy(pid: UnixSocket.peerProcess(of: descriptor))
        } catch {
            switch error.code {
            case ECONNREFUSED: return nil
            // Its backlog is full: it listens.
            case EAGAIN: return .answeredBy(pid: nil)
            default: throw error
            }
        }
    }

    private static func bind(_ path: String, _ group: SocketGroup?, backlog: Int32) throws -> Int32 {
        let descriptor = try UnixSocket.open()
        do {
            guard fchmod(descriptor, 0o600) == 0,
                try UnixSocket.withAddress(path, { Glibc.bind(descriptor, $0, $1) }) == 0
            else { throw SystemFailure(code: errno) }
            try group?.give(path)
            guard Glibc.listen(descriptor, backlog) == 0 else { throw SystemFailure(code: errno) }
            return descriptor
        } catch {
            close(descriptor)
            if error is ListenerError { unlink(path) }
            throw error
        }
    }
}

/// One process at a time in a folder. Makes the folder, for its owner only, where just it is missing.
private struct FolderLock {
    private let descriptor: Int32

    init(ofFile path: String) throws(SystemFailure) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        mkdir(folder, 0o700)
        descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemFailure(code: errno) }
        guard flock(descriptor, LOCK_EX) == 0 else {
            let code = errno
            Glibc.close(descriptor)
            throw SystemFailure(code: code)
        }
    }

    /// The lock goes with the descriptor.
    func unlock() { close(descriptor) }
}
