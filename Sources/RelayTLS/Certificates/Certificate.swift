internal import COpenSSL
internal import Glibc

/// Owns one X509.
final class Certificate: Sendable {
    // Safe on any thread: libcrypto counts references atomically, and nobody changes a certificate once it is made.
    nonisolated(unsafe) let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { X509_free(pointer) }

    /// Seconds since 1970.
    var notBefore: Int64? { Self.seconds(X509_get0_notBefore(pointer)) }
    var notAfter: Int64? { Self.seconds(X509_get0_notAfter(pointer)) }

    static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        var parts = tm()
        guard ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return Int64(timegm(&parts))
    }

    /// DNS names and addresses of the subject's alternative names.
    var names: [String] {
        guard let stack = X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil) else { return [] }
        let names = OpaquePointer(stack)
        defer { OPENSSL_sk_pop_free(names) { GENERAL_NAME_free($0?.assumingMemoryBound(to: GENERAL_NAME.self)) } }
        return (0..<OPENSSL_sk_num(names)).compactMap { index in
            OPENSSL_sk_value(names, index).flatMap { Self.text($0.assumingMemoryBound(to: GENERAL_NAME.self).pointee) }
        }
    }

    private static func text(_ name: GENERAL_NAME) -> String? {
        switch name.type {
        case GEN_DNS: String(decoding: bytes(name.d.dNSName), as: UTF8.self)
        case GEN_IPADD: address(bytes(name.d.iPAddress))
        default: nil
        }
    }

    private static func bytes(_ string: UnsafeMutablePointer<ASN1_STRING>?) -> [UInt8] {
        guard let string, let start = ASN1_STRING_get0_data(string) else { return [] }
        return Array(UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(string))))
    }

    private static func address(_ bytes: [UInt8]) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// SHA-256 of the whole of it, as `openssl x509 -fingerprint -sha256` says it, without colons.
    var fingerprint: String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard X509_digest(pointer, EVP_sha256(), &digest, &count) == 1 else { return "" }
        return digest.prefix(Int(count)).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
