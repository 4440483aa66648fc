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

    public init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}
