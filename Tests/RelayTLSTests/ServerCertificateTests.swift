import CertificateFixture
import Foundation
import Testing

@testable import RelayTLS

@Suite struct ServerCertificateTests {
    private let authority: TestAuthority
    /// Certificates are valid from the second in which they are made.
    private var now: Int64 { Int64(Date().timeIntervalSince1970) + 1 }

    init() throws { authority = try TestAuthority() }

    private func load(_ certificate: String, _ key: String, now: Int64? = nil) throws -> ServerCertificate {
        try ServerCertificate(CertificateFiles(certificate: certificate, key: key), now: now ?? self.now)
    }

    private func failure(_ certificate: String, _ key: String, now: Int64? = nil) throws -> String {
        do {
            _ = try load(certificate, key, now: now)
            return "none"
        } catch let failure as CertificateFailure {
            return failure.description
        }
    }

    @Test func readsNamesDatesAndFingerprint() throws {
        let issued = try authority.issue(
            names: ["DNS:a.test", "DNS:*.b.test", "IP:10.0.0.1", "IP:2001:db8::1"],
            days: 20
        )
        let certificate = try load(issued.certificate, issued.key)
        #expect(certificate.names == ["a.test", "*.b.test", "10.0.0.1", "2001:db8::1"])
        #expect((19...20).contains(certificate.daysLeft(at: now)))
        #expect(certificate.daysLeft(at: certificate.notAfter) == 0)
        #expect(certificate.daysLeft(at: certificate.notAfter + 1) == -1)
        let said = try authority.openssl(["x509", "-in", issued.certificate, "-noout", "-fingerprint", "-sha256"])
        let digits = said.split(separator: "=").last?.filter { $0.isHexDigit }.lowercased()
        #expect(certificate.fingerprint == digits)
    }

    @Test func namesTheFileThatIsNotThere() throws {
        let issued = try authority.issue()
        #expect(try failure("/no/such.crt", issued.key) == "/no/such.crt: cannot be read: No such file or directory")
        #expect(try failure(issued.certificate, "/no/such.key").hasPrefix("/no/such.key: cannot be read"))
        #expect(try failure(authority.folder.path, issued.key).hasSuffix("is not a regular file"))
    }

    @Test func tellsAPairThatIsNone() throws {
        let (first, second) = (try authority.issue("first"), try authority.issue("second"))
        let reason = "\(second.key): the key does not belong to the certificate of \(first.certificate)"
        #expect(try failure(first.certificate, second.key) == reason)
    }

    @Test func tellsAChainInTheWrongOrder() throws {
        let issued = try authority.issue()
        let chain = authority.path("chain.pem")
        let pieces = try [authority.file, issued.certificate].map { try String(contentsOfFile: $0, encoding: .utf8) }
        try pieces.joined().write(toFile: chain, atomically: true, encoding: .utf8)
        #expect(try failure(chain, issued.key).contains("belongs to certificate 2 of the file: put that one first"))
        try pieces.reversed().joined().write(toFile: chain, atomically: true, encoding: .utf8)
        #expect(try failure(chain, issued.key) == "none")
    }

    @Test func refusesWhatHasExpiredOrNotBegun() throws {
        let issued = try authority.issue(days: 20)
        let certificate = try load(issued.certificate, issued.key)
        #expect(try failure(issued.certificate, issued.key, now: certificate.notAfter).contains("expired on "))
        #expect(try failure(issued.certificate, issued.key, now: certificate.notAfter - 1) == "none")
        let early = try failure(issued.certificate, issued.key, now: certificate.notBefore - 1)
        #expect(early.contains("is valid from ") && early.hasPrefix(issued.certificate))
        let old = try authority.issue("old", days: -1)
        #expect(try failure(old.certificate, old.key).contains("renew it"))
    }

    @Test func refusesWhatIsNoPEM() throws {
        let issued = try authority.issue()
        #expect(try failure(issued.key, issued.key) == "\(issued.key): holds no certificate in PEM")
        #expect(
            try failure(issued.certificate, issued.certificate) == "\(issued.certificate): holds no private key in PEM"
        )
        let damaged = authority.path("damaged.crt")
        let text = try String(contentsOfFile: issued.certificate, encoding: .utf8)
        try text.replacingOccurrences(of: "MII", with: "!!!").write(toFile: damaged, atomically: true, encoding: .utf8)
        #expect(try failure(damaged, issued.key) == "\(damaged): certificate 1 in it is damaged")
    }

    @Test func asksForNoPassphrase() throws {
        let issued = try authority.issue()
        let locked = authority.path("locked.key")
        try authority.openssl(["pkey", "-in", issued.key, "-aes256", "-passout", "pass:x", "-out", locked])
        #expect(try failure(issued.certificate, locked).contains("the key is encrypted"))
    }

    @Test func refusesAWeakKey() throws {
        let (key, certificate) = (authority.path("weak.key"), authority.path("weak.crt"))
        try authority.openssl([
            "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=weak", "-keyout", key, "-out", certificate,
        ])
        #expect(try failure(certificate, key).contains("needs 2048 bits"))
    }

    @Test func seesAKeyThatOthersCanRead() throws {
        let issued = try authority.issue()
        chmod(issued.key, 0o644)
        #expect(try load(issued.certificate, issued.key).isKeyExposed)
        chmod(issued.key, 0o640)
        #expect(try !load(issued.certificate, issued.key).isKeyExposed)
    }
}
