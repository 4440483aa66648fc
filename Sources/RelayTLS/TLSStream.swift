internal import NIOCore

/// A client's TLS for who waits for a socket himself, as the command line does: ciphertext in, plaintext out. On one
/// thread.
public final class TLSStream {
    private let session: TLSSession
    private var handshakeBytes = 0

    public private(set) var isOpen = false
    /// The peer's close_notify came: without it, what ends may have been cut off.
    public private(set) var hasEnded = false

    /// What has to be sent after every call, in its order.
    public private(set) var output: [UInt8] = []

    /// - Parameter host: as it was dialled; an IPv6 address without brackets.
    public init(_ client: TLSClient, to host: String) throws(TLSFailure) {
        session = try client.session(to: host)
        try handshake()
    }

    public func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    /// - Returns: what it says, which may be nothing yet.
    public func received(_ ciphertext: [UInt8]) throws(TLSFailure) -> [UInt8] {
        let result = ciphertext.withUnsafeBytes { bytes in
            var result = Result<[UInt8], TLSFailure>.success([])
            session.withInput(bytes) {
                result = Result { () throws(TLSFailure) in
                    if !isOpen {
                        handshakeBytes += bytes.count
                        try handshake()
                    }
                    return isOpen ? try decrypt() : []
                }
            }
            return result
        }
        collect()
        return try result.get()
    }

    public func write(_ plaintext: [UInt8]) throws(TLSFailure) {
        if let failure = session.write(ByteBuffer(bytes: plaintext), ByteBufferAllocator()) { throw failure }
        collect()
    }

    private func handshake() throws(TLSFailure) {
        let progress = session.handshake()
        collect()
        switch progress {
        case .done: isOpen = true
        case .needsInput where handshakeBytes > TLSHandler.maxHandshakeBytes: throw .tooLarge
        case .needsInput: break
        case .failed(let failure): throw failure
        }
    }

    private func decrypt() throws(TLSFailure) -> [UInt8] {
        var plaintext = ByteBuffer()
        while !hasEnded {
            plaintext.reserveCapacity(minimumWritableBytes: 16_384)
            switch session.read(into: &plaintext) {
            case .plaintext: continue
            case .needsInput: return Array(buffer: plaintext)
            case .ended: hasEnded = true
            case .failed(let failure): throw failure
            }
        }
        return Array(buffer: plaintext)
    }

    private func collect() {
        if let bytes = session.takeOutput() { output += Array(buffer: bytes) }
    }
}
