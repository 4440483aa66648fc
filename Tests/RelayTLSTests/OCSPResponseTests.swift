import CertificateFixture
import Foundation
import Testing

@testable import RelayTLS

@Suite struct OCSPResponseTests {
    private let authority: TestAuthority
    private let issued: TestAuthority.Issued
    private let now: Int64

    init() throws {
        authority = try TestAuthority()
        issued = try authority.issue()
        now = Int64(Date().timeIntervalSince1970) + 1
    }

    private func load(_ response: String) throws -> ServerCertificate {
        let files = CertificateFiles(certificate: issued.certificate, key: issued.key, ocspResponse: response)
        return try ServerCertificate(files, now: now)
    }

    private func failure(_ response: String) throws -> String {
        do {
            _ = try load(response)
            return "none"
        } catch let failure as CertificateFailure {
            return failure.description
        }
    }

    @Test func staplesAGoodOneUntilItsNextUpdate() throws {
        let file = try authority.ocspResponse(for: issued, minutes: 10)
        let certificate = try load(file)
        let response = try #require(certificate.ocspResponse)
        #expect(response.bytes == Array(try Data(contentsOf: URL(filePath: file))))
        let next = try #require(certificate.ocspNextUpdate)
        #expect((now + 500...now + 600).contains(next))
        #expect(response.stapled(at: next - 1) == response.bytes)
        #expect(response.stapled(at: next) == nil)
    }

    @Test func refusesWhatIsNoAnswerAboutThisCertificate() throws {
        let other = try authority.issue("other")
        let about = try authority.ocspResponse(for: other, "other")
        #expect(try failure(about) == "\(about): is about another certificate: ask again for the one of cert_file")
        let revoked = try authority.ocspResponse(for: issued, "revoked", isRevoked: true)
        let reason = "says that the certificate is revoked: no agent would connect"
        #expect(try failure(revoked) == "\(revoked): \(reason)")
        let garbage = authority.path("garbage.der")
        try Data([0x30, 0x03, 0x02, 0x01]).write(to: URL(filePath: garbage))
        #expect(try failure(garbage) == "\(garbage): is no OCSP response in DER (openssl ocsp -respout)")
        // tryLater, of RFC 6960 section 4.2.1.
        try Data([0x30, 0x03, 0x0a, 0x01, 0x03]).write(to: URL(filePath: garbage))
        #expect(try failure(garbage) == "\(garbage): is the authority's refusal to answer: trylater")
    }
}
