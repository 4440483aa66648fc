internal import Glibc

/// Key files on disk. Every error names the file, what is wrong with it and, where there is one, the way out.
public enum KeyFile {
    public enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
        case unreadable(path: String, reason: String)
        case exposed(path: String, mode: UInt16)
        case notAKey(path: String, reason: String)
        case exists(path: String)
        case unwritable(path: String, reason: String)

        public var description: String {
            switch self {
            case .unreadable(let path, let reason): "cannot read the key file \(path): \(reason)"
            case .exposed(let path, let mode):
                "\(path) has mode 0\(String(mode, radix: 8)): others than its owner can get at the secret in it; "
                    + "run `chmod 600 \(path)` (in a Kubernetes secret volume: defaultMode: 0400)"
            case .notAKey(let path, let reason): "the key file \(path) holds no usable key: \(reason)"
            case .exists(let path): "\(path) exists already and is not overwritten; move it away or name another file"
            case .unwritable(let path, let reason): "cannot write the key file \(path): \(reason)"
            }
        }
    }

    /// An Ed25519 key in PEM is 119 bytes; a file past this is something else.
    static let maxBytes = 64 * 1024

    public static let minTokenBytes = 16

    /// Refuses a file that others may read. As PostgreSQL does, a file of root may be readable by its group: a secret
    /// volume with an fsGroup, or `root:moltrelay 0640`, cannot be had otherwise.
    public static func readPrivateKey(_ path: String) throws(Failure) -> Ed25519.PrivateKey {
        let bytes = try read(path, isPrivate: true)
        do { return try Ed25519.PrivateKey(pem: bytes) } catch {
            throw .notAKey(path: path, reason: error.description)
        }
    }

    /// A secret that is text, as `openssl rand -hex 32` makes one; white space around it is left off.
    public static func readToken(_ path: String, minBytes: Int = minTokenBytes) throws(Failure) -> String {
        let bytes = try read(path, isPrivate: true)
        let words = bytes.split { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        guard words.count == 1, let token = words.first, token.count >= minBytes,
            token.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            let reason = "a token is one word of \(minBytes) printable ASCII characters or more"
            throw .notAKey(path: path, reason: reason)
        }
        return String(decoding: token, as: UTF8.self)
    }

    /// A password is whatever the file holds, less the line end that editors put behind it.
    public static func readPassword(_ path: String) throws(Failure) -> String {
        var bytes = try read(path, isPrivate: true)
        if bytes.last == 0x0A { bytes.removeLast() }
        if bytes.last == 0x0D { bytes.removeLast() }
        guard !bytes.isEmpty else { throw .notAKey(path: path, reason: "it is empty") }
        guard !bytes.contains(0), let password = String(validating: bytes, as: UTF8.self) else {
            throw .notAKey(path: path, reason: "a password is text in UTF-8")
        }
        return password
    }

    public static func readPublicKey(_ path: String) throws(Failure) -> Ed25519.PublicKey {
        let bytes = try read(path, isPrivate: false)
        do { return try Ed25519.PublicKey(pem: bytes) } catch {
            throw .notAKey(path: path, reason: error.description)
        }
    }

    /// Creates the file, never replaces one (nor what a symbolic link points to), and removes it again where it could
    /// not be written whole. Durable on return, but for the name in its folder.
    /// - Parameter mode: less the process's umask.
    public static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o600) throws(Failure) {
        let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw errno == EEXIST ? .exists(path: path) : .unwritable(path: path, reason: lastErrorText())
        }
        let written = Glibc.write(descriptor, bytes, bytes.count)
        let isWhole = written == bytes.count && fsync(descriptor) == 0
        let reason = written >= 0 && written < bytes.count ? "the disk is full" : lastErrorText()
        close(descriptor)
        guard isWhole else {
            unlink(path)
            throw .unwritable(path: path, reason: reason)
        }
    }

    private static func read(_ path: String, isPrivate: Bool) throws(Failure) -> [UInt8] {
        // Without O_NONBLOCK a pipe of that name would hold up the start for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(path: path, reason: lastErrorText()) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(path: path, reason: lastErrorText()) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable(path: path, reason: "not a regular file") }
        guard status.st_size <= maxBytes else {
            throw .notAKey(path: path, reason: "\(status.st_size) bytes are too many for a key")
        }
        let readableByGroup = status.st_uid == 0 ? S_IRGRP : 0
        guard !isPrivate || status.st_mode & 0o077 & ~readableByGroup == 0 else {
            throw .exposed(path: path, mode: UInt16(status.st_mode & 0o7777))
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count == bytes.count else { throw .unreadable(path: path, reason: lastErrorText()) }
        return bytes
    }

    private static func lastErrorText() -> String { String(cString: strerror(errno)) }
}
