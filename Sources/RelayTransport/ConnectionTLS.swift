import NIOCore
import RelayCore
import RelayTLS

extension TLSServer {
    /// The outermost handler of a new socket; what becomes of its handshake is told where everything else is.
    func handler(_ services: ConnectionServices) throws -> TLSHandler {
        let limit = services.limits.handshakeTimeout
        let opened = services.loop.now
        return try handler(
            within: limit > .nanoseconds(0) ? limit : nil,
            buffers: PlaintextBuffers(services.loop)
        ) { result in
            let relay = services.loop.relay
            switch result {
            case .success(let agreed):
                let suite = TLSSuiteName(agreed)
                relay?.note(
                    .tlsEstablished(suite, resumed: agreed.isResumed, opened: opened, at: services.loop.now)
                )
            case .failure(let failure):
                let cause = TLSHandshakeFailure(failure)
                relay?.note(.tlsFailed(cause))
                relay?.note(.connectionFailed(.tls))
                services.journal.write(.tlsFailed(cause), services.network.description)
            }
        }
    }
}

extension PlaintextBuffers {
    /// The loop's own for a connection that reads through it, else one of a read's size.
    fileprivate init(_ loop: DataLoop) {
        self.init(
            take: { ciphertext, allocator in
                guard ciphertext.capacity < SharedReadBuffer.byteCount else { return loop.takeReadBuffer(allocator) }
                return allocator.buffer(capacity: ciphertext.capacity)
            },
            giveBack: { loop.giveReadBuffer($0) }
        )
    }
}

extension TLSSuiteName {
    /// The two lists are one; a test holds them together.
    init(_ agreed: TLSHandshake) { self = Self(rawValue: agreed.suite.rawValue) ?? .aes256GCM }
}

extension TLSHandshakeFailure {
    init(_ failure: TLSFailure) { self = Self(rawValue: failure.cause.rawValue) ?? .internal }
}
