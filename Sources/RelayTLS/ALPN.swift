internal import COpenSSL

/// Application-Layer Protocol Negotiation (RFC 7301): HTTP/1.1 is all that is spoken here, but to an
/// authority that wants a proof.
enum ALPN {
    static let http11 = "http/1.1"
    /// RFC 8737.
    static let acme = "acme-tls/1"

    /// As it stands in the handshake.
    static let list = entry(http11)

    private static func entry(_ name: String) -> [UInt8] { [UInt8(name.utf8.count)] + Array(name.utf8) }

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
            { _, out, outLength, offered, count, _ in ALPN.answer(ALPN.http11, out, outLength, offered, count) },
            nil
        )
    }

    static func installProof(on context: TLSContext) {
        SSL_CTX_set_alpn_select_cb(
            context.pointer,
            { _, out, outLength, offered, count, _ in ALPN.answer(ALPN.acme, out, outLength, offered, count) },
            nil
        )
    }

    private static func answer(
        _ name: String,
        _ out: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
        _ outLength: UnsafeMutablePointer<UInt8>?,
        _ offered: UnsafePointer<UInt8>?,
        _ count: UInt32
    ) -> Int32 {
        let offer = UnsafeBufferPointer(start: offered, count: Int(count))
        guard let choice = choose(from: offer, name) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        out?.pointee = choice.baseAddress
        outLength?.pointee = UInt8(choice.count)
        return SSL_TLSEXT_ERR_OK
    }

    /// Whether a ClientHello offers an authority's protocol and nothing else (RFC 8737 section 3).
    static func isProofWanted(in hello: OpaquePointer?) -> Bool {
        var bytes: UnsafePointer<UInt8>?
        var count = 0
        guard
            SSL_client_hello_get0_ext(hello, UInt32(TLSEXT_TYPE_application_layer_protocol_negotiation), &bytes, &count)
                == 1
        else { return false }
        let entry = entry(acme)
        let length = [UInt8(entry.count >> 8), UInt8(entry.count & 0xFF)]
        return UnsafeBufferPointer(start: bytes, count: count).elementsEqual(length + entry)
    }

    /// The name in a ClientHello (RFC 6066 section 3); nil where there is none, or no single one.
    static func serverName(in hello: OpaquePointer?) -> String? {
        var bytes: UnsafePointer<UInt8>?
        var count = 0
        guard SSL_client_hello_get0_ext(hello, UInt32(TLSEXT_TYPE_server_name), &bytes, &count) == 1 else { return nil }
        // Length of the list, type, length of the name, the name.
        let list = UnsafeBufferPointer(start: bytes, count: count)
        guard list.count > 5, list[2] == 0, Int(list[3]) << 8 | Int(list[4]) == list.count - 5 else { return nil }
        return String(decoding: list[5...], as: UTF8.self).lowercased()
    }
}
