public import RelayTLS

/// What is kept of an authority between two starts: the account's key, and the certificate with its key in one file, so
/// that no crash leaves half of a pair.
public struct CertificateFolder: Sendable {
    public let path: String

    /// - Parameters:
    ///   - state: the folder of the relay's state.
    ///   - authority: host and port; keys and certificates of one authority mean nothing to another.
    public init(in state: String, authority: String) {
        path = "\(state)/acme/\(authority)"
    }

    public var accountFile: String { path + "/account.pem" }

    /// Both halves of the pair.
    public var files: CertificateFiles {
        CertificateFiles(certificate: path + "/certificate.pem", key: path + "/certificate.pem")
    }

    /// The account's key, made where there is none. One that is there and cannot be read is never replaced.
    public func accountKey() throws(OrderFailure) -> AccountKey {
        do {
            if let bytes = try StateFile.read(accountFile) { return try AccountKey(P256Key(pem: bytes)) }
            let key = try P256Key.generate()
            try StateFile.makeFolder(path)
            try StateFile.replace(accountFile, with: key.pem())
            return try AccountKey(key)
        } catch {
            throw OrderFailure(.internal, "the account's key \(accountFile): \(error)")
        }
    }

    /// Puts a certificate in the place of the one before, once it is known to be what was asked for.
    @discardableResult
    public func install(
        _ issued: Issued,
        for domains: [String],
        now: Int64
    ) throws(OrderFailure) -> ServerCertificate {
        let (place, draft) = (files.certificate, files.certificate + ".new")
        do {
            try StateFile.makeFolder(path)
            try StateFile.write(issued.key.pem() + issued.chain, to: draft)
        } catch {
            throw OrderFailure(.internal, "\(draft): \(error)")
        }
        let certificate = try Self.check(draft, domains, now)
        do { try StateFile.take(draft, as: place) } catch { throw OrderFailure(.internal, "\(place): \(error)") }
        return certificate
    }

    private static func check(
        _ draft: String,
        _ domains: [String],
        _ now: Int64
    ) throws(OrderFailure) -> ServerCertificate {
        let certificate: ServerCertificate
        do throws(CertificateFailure) {
            certificate = try ServerCertificate(CertificateFiles(certificate: draft, key: draft), now: now)
        } catch {
            throw OrderFailure(.malformed, "what was issued cannot serve: \(error)")
        }
        let missing = certificate.missing(of: domains)
        guard missing.isEmpty else {
            throw OrderFailure(.malformed, "the certificate lacks \(missing.joined(separator: ", "))")
        }
        return certificate
    }
}

extension ServerCertificate {
    /// Those of the domains that it was not issued for.
    public func missing(of domains: [String]) -> [String] {
        let names = Set(names.map { $0.lowercased() })
        return domains.filter { !names.contains($0.lowercased()) }
    }
}
