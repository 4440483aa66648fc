internal import COpenSSL
internal import Glibc
internal import LibCrypto

/// A file of certificates, or of what belongs to one: most often PEM blocks.
struct PEMFile {
    /// Of the largest chain that anybody uses, some 20 KiB.
    private static let maxBytes = 1 << 20

    let path: String
    let bytes: [UInt8]

    init(_ path: String) throws(CertificateFailure) {
        self.path = path
        // Without O_NONBLOCK a pipe of that name would hold up the start for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.unreadable(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.unreadable(path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw CertificateFailure(path, "is not a regular file") }
        guard status.st_size <= Self.maxBytes else {
            throw CertificateFailure(path, "has \(status.st_size) bytes, which is too much")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        guard read(descriptor, &bytes, bytes.count) == bytes.count else { throw Self.unreadable(path) }
        self.bytes = bytes
    }

    private static func unreadable(_ path: String) -> CertificateFailure {
        CertificateFailure(path, "cannot be read: \(String(cString: strerror(errno)))")
    }

    private func parse<Value>(_ body: (OpaquePointer) -> Value) throws(CertificateFailure) -> Value {
        guard let bio = BIO_new_mem_buf(bytes, Int32(bytes.count)) else {
            throw CertificateFailure(path, "no memory to read it")
        }
        defer {
            BIO_free(bio)
            ERR_clear_error()
        }
        return body(bio)
    }

    func certificates() throws(CertificateFailure) -> [Certificate] {
        let (certificates, isBroken) = try parse { bio in
            var found: [Certificate] = []
            while let pointer = PEM_read_bio_X509(bio, nil, nil, nil) { found.append(Certificate(owning: pointer)) }
            // The end of the file is an error too: no further block.
            let isEnd = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE
            return (found, !isEnd)
        }
        guard !isBroken else {
            throw CertificateFailure(path, "certificate \(certificates.count + 1) in it is damaged")
        }
        guard !certificates.isEmpty else { throw CertificateFailure(path, "holds no certificate in PEM") }
        return certificates
    }

    func privateKey() throws(CertificateFailure) -> KeyHandle {
        let key = try parse { bio in
            // Asked for where the key has a passphrase; the default would ask at the terminal.
            PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil).map { KeyHandle(owning: $0) }
        }
        if let key { return key }
        let text = String(decoding: bytes, as: UTF8.self)
        guard !text.contains("ENCRYPTED") else {
            throw CertificateFailure(
                path,
                "the key is encrypted, and nobody is there to ask for its passphrase: store it without one "
                    + "(openssl pkey -in \(path) -out FILE), readable by the relay alone"
            )
        }
        throw CertificateFailure(path, "holds no private key in PEM")
    }

    /// Whether others than its owner and, where it is root's, its group can read it.
    static func isExposed(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IROTH != 0
    }
}
