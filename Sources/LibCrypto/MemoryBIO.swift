internal import COpenSSL

package enum MemoryBIO {
    package static func read<Value>(
        _ bytes: [UInt8],
        _ operation: String,
        _ parse: (OpaquePointer) -> Value?
    ) throws(OpenSSLError) -> Value {
        let bio = try openSSL(operation) { BIO_new(BIO_s_mem()) }
        defer { BIO_free(bio) }
        let written = BIO_write(bio, bytes, Int32(clamping: bytes.count))
        guard written == bytes.count else { throw OpenSSLError(takingQueueAfter: operation) }
        return try openSSL(operation) { parse(bio) }
    }

    package static func write(_ operation: String, _ print: (OpaquePointer) -> Int32) throws(OpenSSLError) -> [UInt8] {
        let bio = try openSSL(operation) { BIO_new(BIO_s_mem()) }
        defer { BIO_free(bio) }
        try openSSL(operation) { print(bio) }
        var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(bio))
        let count = BIO_read(bio, &bytes, Int32(bytes.count))
        guard count == bytes.count else { throw OpenSSLError(takingQueueAfter: operation) }
        return bytes
    }
}
