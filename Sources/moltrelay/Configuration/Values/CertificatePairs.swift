typealias CertificatePair = Configuration.Server.TLS.Pair

extension ValueType where Value == [CertificatePair] {
    /// From the environment: `/a.crt=/a.key,/b.crt=/b.key`.
    static var certificatePairs: ValueType {
        let name = "a list of certificates, each with cert_file and key_file"
        return ValueType(
            name: name,
            read: { raw throws(Unacceptable) in
                try readAll(try raw.items(expected: name)) { raw throws(Unacceptable) in try certificatePair(raw) }
            },
            show: { $0.map { "\($0.certFile)=\($0.keyFile)" }.joined(separator: ", ") }
        )
    }
}

private func certificatePair(_ raw: RawValue) throws(Unacceptable) -> CertificatePair {
    if case .text(let text) = raw.content {
        guard let equals = text.firstIndex(of: "=") else { throw Unacceptable(raw, expected: "cert_file=key_file") }
        return CertificatePair(
            certFile: try ValueType.path.read(.text(String(text[..<equals]))),
            keyFile: try ValueType.path.read(.text(String(text[text.index(after: equals)...])))
        )
    }
    let expected = "a mapping with cert_file and key_file"
    var record = try RecordReader(raw, keys: ["cert_file", "key_file"], expected: expected)
    let certificate = record.value("cert_file", ValueType.path)
    let key = record.value("key_file", ValueType.path)
    try record.finish()
    guard let certificate, let key else { throw Unacceptable(raw, expected: expected) }
    return CertificatePair(certFile: certificate, keyFile: key)
}
