internal import COpenSSL
import NIOCore

/// The ends of a session's ciphertext. OpenSSL takes its input from where the socket left it and puts its output into
/// the buffer that is written, so an idle session holds neither, which memory BIOs would.
struct Wire {
    var input = UnsafeRawBufferPointer(start: nil, count: 0)
    var output = ByteBuffer()
}

enum WireBIO {
    /// nil only without memory.
    // Safe on any thread: filled in here, once, only read by OpenSSL from then on, and never freed.
    private nonisolated(unsafe) static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "relay wire") else { return nil }
        BIO_meth_set_read(method) { bio, bytes, count in WireBIO.read(bio, bytes, count) }
        BIO_meth_set_write(method) { bio, bytes, count in WireBIO.write(bio, bytes, count) }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()

    /// - Parameter wire: outlives the BIO.
    static func make(_ wire: UnsafeMutablePointer<Wire>) -> OpaquePointer? {
        guard let method, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, wire)
        BIO_set_init(bio, 1)
        return bio
    }

    private static func wire(of bio: OpaquePointer?) -> UnsafeMutablePointer<Wire>? {
        BIO_get_data(bio)?.assumingMemoryBound(to: Wire.self)
    }

    private static func read(_ bio: OpaquePointer?, _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int32) -> Int32 {
        COpenSSL_no_retry(bio)
        guard let wire = wire(of: bio), let bytes else { return -1 }
        let input = wire.pointee.input
        let length = min(Int(count), input.count)
        guard length > 0, let source = input.baseAddress else {
            COpenSSL_retry_read(bio)
            return -1
        }
        UnsafeMutableRawPointer(bytes).copyMemory(from: source, byteCount: length)
        wire.pointee.input = UnsafeRawBufferPointer(rebasing: input[length...])
        return Int32(length)
    }

    private static func write(_ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ count: Int32) -> Int32 {
        COpenSSL_no_retry(bio)
        guard let wire = wire(of: bio), let bytes, count > 0 else { return -1 }
        wire.pointee.output.writeBytes(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
        return count
    }
}
