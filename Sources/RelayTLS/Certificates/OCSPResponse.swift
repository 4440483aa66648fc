internal import COpenSSL
internal import Glibc

/// What an authority says of one certificate (RFC 6960), as a server staples it.
struct OCSPResponse: Sendable {
    /// In DER.
    let bytes: [UInt8]
    /// Seconds since 1970; nil where the authority always has something newer.
    let nextUpdate: Int64?

    /// Its signature is not looked at: that is for the client, who knows which authorities it trusts.
    init(_ path: String, for certificate: Certificate) throws(CertificateFailure) {
        let file = try PEMFile(path)
        bytes = file.bytes
        defer { ERR_clear_error() }
        let response = try Self.response(file)
        defer { OCSP_RESPONSE_free(response) }
        guard let basic = OCSP_response_get1_basic(response) else {
            throw CertificateFailure(path, "is of a kind that no client reads")
        }
        defer { OCSP_BASICRESP_free(basic) }
        guard let single = Self.single(of: certificate, in: basic) else {
            throw CertificateFailure(path, "is about another certificate: ask again for the one of cert_file")
        }
        var next: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        let status = OCSP_single_get0_status(single, nil, nil, nil, &next)
        guard status == V_OCSP_CERTSTATUS_GOOD else {
            let text = status == V_OCSP_CERTSTATUS_REVOKED ? "is revoked" : "is unknown to its authority"
            throw CertificateFailure(path, "says that the certificate \(text): no agent would connect")
        }
        nextUpdate = next.flatMap { Certificate.seconds($0) }
    }

    private static func response(_ file: PEMFile) throws(CertificateFailure) -> OpaquePointer {
        let parsed = file.bytes.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_OCSP_RESPONSE(nil, &start, bytes.count)
        }
        guard let parsed else {
            throw CertificateFailure(file.path, "is no OCSP response in DER (openssl ocsp -respout)")
        }
        let status = OCSP_response_status(parsed)
        guard status == OCSP_RESPONSE_STATUS_SUCCESSFUL else {
            let reason = OCSP_response_status_str(Int(status)).map { String(cString: $0) } ?? "\(status)"
            OCSP_RESPONSE_free(parsed)
            throw CertificateFailure(file.path, "is the authority's refusal to answer: \(reason)")
        }
        return parsed
    }

    /// By the serial number alone: an authority asked for this certificate gives no other's.
    private static func single(of certificate: Certificate, in basic: OpaquePointer) -> OpaquePointer? {
        for index in 0..<OCSP_resp_count(basic) {
            guard let single = OCSP_resp_get0(basic, index), let id = OCSP_SINGLERESP_get0_id(single) else { continue }
            var serial: UnsafeMutablePointer<ASN1_INTEGER>?
            OCSP_id_get0_info(nil, nil, nil, &serial, id)
            guard ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate.pointer)) == 0 else { continue }
            return single
        }
        return nil
    }

    /// nil once there has to be a newer one: a client would refuse what is stale, and asks the authority itself where
    /// it gets none.
    func stapled(at now: Int64) -> [UInt8]? { nextUpdate.map { now < $0 } ?? true ? bytes : nil }
}
