internal import COpenSSL
internal import LibCrypto

/// The certificate that shows an authority who answers for a name (RFC 8737): nobody else is shown it, and nothing is
/// said over a connection that begins with it.
final class DomainProof: Sendable {
    /// id-pe-acmeIdentifier.
    private static let identifier = "1.3.6.1.5.5.7.1.31"
    private static let lifetime = 7 * 86_400

    let context: TLSContext

    /// - Parameter domain: of letters, digits, dots and hyphens alone.
    init(_ domain: String, keyAuthorization: String, minimum: TLSVersion) throws(TLSFailure) {
        context = try .server(minimum: minimum)
        let key = try Self.makeKey()
        let certificate = try Self.certificate(domain, Array(keyAuthorization.utf8), key)
        try openSSL("the proof") { SSL_CTX_use_certificate(context.pointer, certificate.pointer) }
        try openSSL("the proof's key") { SSL_CTX_use_PrivateKey(context.pointer, key.pointer) }
        ALPN.installProof(on: context)
    }

    private static func makeKey() throws(TLSFailure) -> KeyHandle {
        do throws(OpenSSLError) { return try .generateP256() } catch { throw TLSFailure(.internal, error.description) }
    }

    private static func certificate(
        _ domain: String,
        _ keyAuthorization: [UInt8],
        _ key: KeyHandle
    ) throws(TLSFailure) -> Certificate {
        let certificate = Certificate(owning: try openSSL("the proof") { X509_new() })
        let pointer = certificate.pointer
        // Version 3 is written as 2.
        try openSSL("the proof") { X509_set_version(pointer, 2) }
        try openSSL("the proof") { ASN1_INTEGER_set(X509_get_serialNumber(pointer), 1) }
        _ = try openSSL("the proof") { X509_gmtime_adj(X509_getm_notBefore(pointer), -3_600) }
        _ = try openSSL("the proof") { X509_gmtime_adj(X509_getm_notAfter(pointer), lifetime) }
        try openSSL("the proof") { X509_set_pubkey(pointer, key.pointer) }
        try add(to: pointer) { X509V3_EXT_conf_nid(nil, nil, NID_subject_alt_name, "DNS:\(domain)") }
        try add(to: pointer) { acmeIdentifier(keyAuthorization) }
        // It answers the size of the signature.
        try openSSL("the proof") { () -> Int32 in
            X509_sign(pointer, key.pointer, EVP_sha256()) > 0 ? 1 : 0
        }
        return certificate
    }

    private static func add(to certificate: OpaquePointer, _ make: () -> OpaquePointer?) throws(TLSFailure) {
        let made = try openSSL("the proof", make)
        defer { X509_EXTENSION_free(made) }
        try openSSL("the proof") { X509_add_ext(certificate, made, -1) }
    }

    /// Critical, and in it an OCTET STRING of the SHA-256 of the key authorization.
    private static func acmeIdentifier(_ keyAuthorization: [UInt8]) -> OpaquePointer? {
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        SHA256(keyAuthorization, keyAuthorization.count, &digest)
        let der = [UInt8(V_ASN1_OCTET_STRING), UInt8(digest.count)] + digest
        guard let value = ASN1_OCTET_STRING_new() else { return nil }
        defer { ASN1_OCTET_STRING_free(value) }
        guard let object = OBJ_txt2obj(identifier, 1) else { return nil }
        defer { ASN1_OBJECT_free(object) }
        guard ASN1_OCTET_STRING_set(value, der, Int32(der.count)) == 1 else { return nil }
        return X509_EXTENSION_create_by_OBJ(nil, object, 1, value)
    }
}
