import CertificateFixture
import Foundation
import LibCrypto
import Testing

@testable import ACME

/// The openssl command judges what we sign.
@Suite struct JOSETests {
    private let tool: TestAuthority

    init() throws { tool = try TestAuthority() }

    private func write(_ bytes: some Sequence<UInt8>, _ name: String) throws -> String {
        try Data(bytes).write(to: URL(filePath: tool.path(name)))
        return tool.path(name)
    }

    /// r and s as ASN.1, which openssl reads.
    private func der(_ signature: Data) -> [UInt8] {
        func integer(_ bytes: Data) -> [UInt8] {
            let digits = Array(bytes.drop { $0 == 0 })
            let body = (digits.first ?? 0) >= 0x80 ? [0] + digits : digits
            return [0x02, UInt8(body.count)] + body
        }
        let body = integer(signature.prefix(32)) + integer(signature.suffix(32))
        return [0x30, UInt8(body.count)] + body
    }

    @Test func signsAsES256Does() throws {
        let key = try P256Key.generate()
        let body = try AccountKey(key).sign(
            Array("{}".utf8),
            url: "https://a/\"b",
            nonce: "n",
            as: .account("https://k")
        )
        let jws = try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: String])
        let signature = decoded(jws["signature"])
        #expect(signature.count == 64)
        let header = try JSONSerialization.jsonObject(with: decoded(jws["protected"])) as? [String: String]
        #expect(header == ["alg": "ES256", "kid": "https://k", "nonce": "n", "url": "https://a/\"b"])
        let pem = try write(key.pem(), "account.pem")
        let signed = try write("\(jws["protected"] ?? "").\(jws["payload"] ?? "")".utf8, "signed")
        let answer = try tool.openssl([
            "dgst", "-sha256", "-prverify", pem, "-signature", write(der(signature), "signature"), signed,
        ])
        #expect(answer.contains("Verified OK"))
    }

    /// Computed by Python's hashlib over the text that RFC 7638 makes of the key of RFC 7515 appendix A.3.
    @Test func itsThumbprintIsThatOfRFC7638() throws {
        let pem = """
            -----BEGIN EC PRIVATE KEY-----
            MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49
            AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b
            focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
            -----END EC PRIVATE KEY-----

            """
        #expect(
            try AccountKey(P256Key(pem: Array(pem.utf8))).thumbprint == "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"
        )
    }

    @Test func keepsAKeyOverAFile() throws {
        let key = try P256Key.generate()
        let again = try P256Key(pem: key.pem())
        #expect(try AccountKey(key).thumbprint == AccountKey(again).thumbprint)
        #expect(throws: OpenSSLError.self) { try P256Key(pem: Array("nothing".utf8)) }
        let other = try tool.issue("other", key: .p384)
        #expect(throws: OpenSSLError.self) { try P256Key(pem: Array(Data(contentsOf: URL(filePath: other.key)))) }
    }

    @Test func asksForEveryName() throws {
        let key = try P256Key.generate()
        let request = try write(CertificateRequest.der(for: ["a.test", "b.test"], key: key), "request.der")
        let text = try tool.openssl(["req", "-inform", "DER", "-in", request, "-verify", "-noout", "-text"])
        #expect(text.contains("DNS:a.test, DNS:b.test") && text.contains("verify OK"), "\(text)")
    }
}
