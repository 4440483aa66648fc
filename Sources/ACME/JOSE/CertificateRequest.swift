internal import COpenSSL
internal import LibCrypto

/// A PKCS #10 request for names, in DER.
enum CertificateRequest {
    /// - Parameter domains: of letters, digits, dots and hyphens alone.
    static func der(for domains: [String], key: P256Key) throws(OpenSSLError) -> [UInt8] {
        let request = try openSSL("a certificate request") { X509_REQ_new() }
        defer { X509_REQ_free(request) }
        try openSSL("a certificate request") { X509_REQ_set_version(request, 0) }
        try openSSL("a certificate request") { X509_REQ_set_pubkey(request, key.pointer) }
        try add(domains, to: request)
        try openSSL("a certificate request") { X509_REQ_sign(request, key.pointer, EVP_sha256()) }
        return try der(of: request)
    }

    private static func add(_ domains: [String], to request: OpaquePointer) throws(OpenSSLError) {
        let names = domains.map { "DNS:\($0)" }.joined(separator: ",")
        let extensions = try openSSL("a certificate request") { OPENSSL_sk_new_null() }
        defer { OPENSSL_sk_pop_free(extensions) { X509_EXTENSION_free(OpaquePointer($0)) } }
        let extended = try openSSL("the names") { X509V3_EXT_conf_nid(nil, nil, NID_subject_alt_name, names) }
        OPENSSL_sk_push(extensions, UnsafeRawPointer(extended))
        try openSSL("the names") { X509_REQ_add_extensions(request, extensions) }
    }

    private static func der(of request: OpaquePointer) throws(OpenSSLError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(max(0, i2d_X509_REQ(request, nil))))
        try openSSL("a certificate request") {
            bytes.withUnsafeMutableBufferPointer { bytes in
                var start = bytes.baseAddress
                return i2d_X509_REQ(request, &start)
            }
        }
        return bytes
    }
}
