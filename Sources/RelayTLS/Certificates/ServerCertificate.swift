internal import COpenSSL
internal import LibCrypto

/// A certificate with its chain and its key, found good.
public final class ServerCertificate: Sendable {
    public let files: CertificateFiles
    /// Of the subject's alternative names: DNS names, wildcards among them, and addresses.
    public let names: [String]
    /// Seconds since 1970.
    public let notBefore: Int64
    public let notAfter: Int64
    /// SHA-256 in hexadecimal.
    public let fingerprint: String
    /// It is its own authority.
    public let isSelfSigned: Bool
    /// Others than its owner and group can read the key's file.
    public let isKeyExposed: Bool
    let ocspResponse: OCSPResponse?
    private let chain: [Certificate]
    private let key: KeyHandle

    private static let minRSABits: Int32 = 2_048

    /// - Parameter now: seconds since 1970.
    public init(_ files: CertificateFiles, now: Int64) throws(CertificateFailure) {
        self.files = files
        chain = try PEMFile(files.certificate).certificates()
        key = try PEMFile(files.key).privateKey()
        ocspResponse = try files.ocspResponse.map { [own = chain[0]] path throws(CertificateFailure) in
            try OCSPResponse(path, for: own)
        }
        isKeyExposed = PEMFile.isExposed(files.key)
        let own = chain[0]
        guard let notBefore = own.notBefore, let notAfter = own.notAfter else {
            throw CertificateFailure(files.certificate, "has no readable dates")
        }
        (self.notBefore, self.notAfter) = (notBefore, notAfter)
        names = own.names
        fingerprint = own.fingerprint
        isSelfSigned = X509_self_signed(own.pointer, 0) == 1
        try Self.check(key, files)
        try match()
        guard now < notAfter else {
            throw CertificateFailure(files.certificate, "the certificate expired on \(utc(notAfter)): renew it")
        }
        guard now >= notBefore else {
            let reason = "the certificate is valid from \(utc(notBefore)) only; is the system's clock right?"
            throw CertificateFailure(files.certificate, reason)
        }
    }

    private static func check(_ key: KeyHandle, _ files: CertificateFiles) throws(CertificateFailure) {
        let isWeak = EVP_PKEY_is_a(key.pointer, "RSA") == 1 && EVP_PKEY_get_bits(key.pointer) < minRSABits
        guard !isWeak else {
            throw CertificateFailure(files.key, "an RSA key needs \(minRSABits) bits or more; better, P-256 or Ed25519")
        }
        let isKnown = ["RSA", "EC", "ED25519", "RSA-PSS"].contains { (name: String) in
            EVP_PKEY_is_a(key.pointer, name) == 1
        }
        guard isKnown else {
            let name = EVP_PKEY_get0_type_name(key.pointer).map { String(cString: $0) } ?? "an unknown type"
            throw CertificateFailure(files.key, "the key is \(name); RSA, ECDSA and Ed25519 can be used")
        }
    }

    private func match() throws(CertificateFailure) {
        defer { ERR_clear_error() }
        guard X509_check_private_key(chain[0].pointer, key.pointer) != 1 else { return }
        if let index = chain.dropFirst().firstIndex(where: { X509_check_private_key($0.pointer, key.pointer) == 1 }) {
            let reason = "the key of \(files.key) belongs to certificate \(index + 1) of the file: put that one first"
            throw CertificateFailure(files.certificate, reason)
        }
        throw CertificateFailure(files.key, "the key does not belong to the certificate of \(files.certificate)")
    }

    /// Whole days until the certificate expires; negative from then on.
    public func daysLeft(at now: Int64) -> Int64 {
        let left = notAfter - now
        return left >= 0 ? left / 86_400 : -1
    }

    /// Seconds since 1970 from when the OCSP response is withheld; nil where that never comes.
    public var ocspNextUpdate: Int64? { ocspResponse?.nextUpdate }

    func install(on context: TLSContext) throws(CertificateFailure) {
        do throws(TLSFailure) {
            try openSSL("the certificate") { SSL_CTX_use_certificate(context.pointer, chain[0].pointer) }
            for link in chain.dropFirst() {
                try openSSL("the chain") { COpenSSL_add_chain_certificate(context.pointer, link.pointer) }
            }
            try openSSL("the key") { SSL_CTX_use_PrivateKey(context.pointer, key.pointer) }
        } catch {
            throw CertificateFailure(files.certificate, "cannot be used: \(error.reason)")
        }
    }
}
