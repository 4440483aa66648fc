/// What is wrong with a certificate or its key. Names the file, and the way out where there is one.
public struct CertificateFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ path: String, _ reason: String) { description = "\(path): \(reason)" }
}

/// Where a server's certificate is.
public struct CertificateFiles: Sendable, Hashable {
    /// PEM: the server's own certificate, then those between it and an authority.
    public var certificate: String
    /// PEM.
    public var key: String
    /// An authority's OCSP response for the certificate, in DER, to be stapled.
    public var ocspResponse: String?

    public init(certificate: String, key: String, ocspResponse: String? = nil) {
        self.certificate = certificate
        self.key = key
        self.ocspResponse = ocspResponse
    }

    public var all: [String] { [certificate, key] + (ocspResponse.map { [$0] } ?? []) }
}
