internal import COpenSSL

/// Application-Layer Protocol Negotiation (RFC 7301): HTTP/1.1 is all that is spoken here.
enum ALPN {
    static let http11 = "http/1.1"

    /// As it stands in the handshake.
    static let list: [UInt8] = [UInt8(http11.utf8.count)] + Array(http11.utf8)

    /// - Returns: the offer's own entry.
    static func choose(from offer: UnsafeBufferPointer<UInt8>, _ name: String) -> UnsafeBufferPointer<UInt8>? {
        var rest = offer[...]
        while let length = rest.first, rest.count > Int(length) {
            let entry = rest.dropFirst().prefix(Int(length))
            if entry.elementsEqual(name.utf8) { return UnsafeBufferPointer(rebasing: entry) }
            rest = rest.dropFirst(1 + Int(length))
        }
        return nil
    }

    static func installServer(on context: TLSContext) {
        SSL_CTX_set_alpn_select_cb(
            context.pointer,
            { _, out, outLength, offered, offeredLength, _ in
                let offer = UnsafeBufferPointer(start: offered, count: Int(offeredLength))
                guard let choice = ALPN.choose(from: offer, ALPN.http11) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                out?.pointee = choice.baseAddress
                outLength?.pointee = UInt8(choice.count)
                return SSL_TLSEXT_ERR_OK
            },
            nil
        )
    }
}
