/// The certificate that is used where none is named; both halves must be there. The second pair has Kubernetes' names.
enum DefaultCertificate {
    static let folder = "/etc/moltrelay/certs"

    static func path(_ surroundings: Surroundings) -> String? {
        ["relay", "tls"].map { "\(folder)/\($0)" }
            .first { surroundings.fileExists("\($0).crt") && surroundings.fileExists("\($0).key") }
    }
}

extension ConfigurationDraft {
    mutating func deriveCertificate(_ surroundings: Surroundings) {
        let tls = configuration.server.tls
        guard tls.enabled != false, tls.certFile == nil, tls.keyFile == nil, !tls.autoCert,
            let path = DefaultCertificate.path(surroundings)
        else { return }
        derive("server.tls.cert_file", because: "it exists") { $0.server.tls.certFile = "\(path).crt" }
        derive("server.tls.key_file", because: "it exists") { $0.server.tls.keyFile = "\(path).key" }
    }
}
