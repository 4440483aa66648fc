internal import COpenSSL
import Synchronization

/// Keys of session tickets: made anew every twelve hours, and good for another twelve. Whoever steals memory reads at
/// most a day's resumptions, and with TLS 1.3 not even their contents.
final class TicketKeys: Sendable {
    struct Key: Sendable, Equatable {
        static let nameBytes = 16
        var name: [UInt8]
        var cipherKey: [UInt8]
        var macKey: [UInt8]
    }

    private struct State {
        var current: Key?
        var previous: Key?
        var since: UInt64 = 0
    }

    static let lifetime: UInt64 = 12 * 3_600 * 1_000_000_000
    private let clock: @Sendable () -> UInt64
    private let state = Mutex(State())

    /// - Parameter clock: nanoseconds that never go back.
    init(clock: @escaping @Sendable () -> UInt64) { self.clock = clock }

    /// For a new ticket; nil without randomness.
    func sealing() -> Key? {
        state.withLock { state in
            rotate(&state)
            return state.current
        }
    }

    /// - Returns: nil for a ticket that is too old, or of another relay.
    func opening(_ name: UnsafeBufferPointer<UInt8>) -> (key: Key, isCurrent: Bool)? {
        state.withLock { state in
            rotate(&state)
            if let key = state.current, key.name.elementsEqual(name) { return (key, true) }
            if let key = state.previous, key.name.elementsEqual(name) { return (key, false) }
            return nil
        }
    }

    private func rotate(_ state: inout State) {
        let now = clock()
        guard state.current == nil || now - state.since >= Self.lifetime else { return }
        state.previous = now - state.since >= 2 * Self.lifetime ? nil : state.current
        state.current = Self.random()
        state.since = now
    }

    private static func random() -> Key? {
        var bytes = [UInt8](repeating: 0, count: Key.nameBytes + 64)
        ERR_clear_error()
        guard RAND_priv_bytes(&bytes, Int32(bytes.count)) == 1 else { return nil }
        let rest = bytes[Key.nameBytes...]
        return Key(
            name: Array(bytes[..<Key.nameBytes]),
            cipherKey: Array(rest.prefix(32)),
            macKey: Array(rest.suffix(32))
        )
    }
}

extension TicketKeys {
    /// What the callback of tickets answers (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)).
    enum Answer: Int32 {
        case failed = -1
        /// A full handshake.
        case unknown = 0
        case good = 1
        /// Good, and a new ticket is to be given out.
        case renew = 2
    }

    func seal(
        _ name: UnsafeMutablePointer<UInt8>,
        _ iv: UnsafeMutablePointer<UInt8>,
        _ cipher: OpaquePointer?,
        _ mac: OpaquePointer?
    ) -> Answer {
        guard let key = sealing(), RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1 else {
            return .failed
        }
        name.update(from: key.name, count: Key.nameBytes)
        guard EVP_EncryptInit_ex2(cipher, EVP_aes_256_cbc(), key.cipherKey, iv, nil) == 1,
            Self.setKey(key.macKey, of: mac)
        else { return .failed }
        return .good
    }

    func open(
        _ name: UnsafeMutablePointer<UInt8>,
        _ iv: UnsafeMutablePointer<UInt8>,
        _ cipher: OpaquePointer?,
        _ mac: OpaquePointer?
    ) -> Answer {
        guard let (key, isCurrent) = opening(UnsafeBufferPointer(start: name, count: Key.nameBytes)) else {
            return .unknown
        }
        guard EVP_DecryptInit_ex2(cipher, EVP_aes_256_cbc(), key.cipherKey, iv, nil) == 1,
            Self.setKey(key.macKey, of: mac)
        else { return .failed }
        return isCurrent ? .good : .renew
    }

    private static func setKey(_ key: [UInt8], of mac: OpaquePointer?) -> Bool {
        var key = key
        // The parameters point at their names too.
        return key.withUnsafeMutableBytes { key in
            OSSL_MAC_PARAM_KEY.withCString { keyName in
                OSSL_MAC_PARAM_DIGEST.withCString { digestName in
                    "SHA256".withCString { digest in
                        let digest = UnsafeMutablePointer(mutating: digest)
                        let parameters = [
                            OSSL_PARAM_construct_octet_string(keyName, key.baseAddress, key.count),
                            OSSL_PARAM_construct_utf8_string(digestName, digest, 0), OSSL_PARAM_construct_end(),
                        ]
                        return EVP_MAC_CTX_set_params(mac, parameters) == 1
                    }
                }
            }
        }
    }
}
