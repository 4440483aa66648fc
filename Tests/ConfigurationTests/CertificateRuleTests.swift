import Testing

@testable import moltrelay

/// `server.tls.auto_cert`, before any authority is asked.
@Suite struct CertificateRuleTests {
    private func report(_ tls: String, listen: String = "") throws -> Loaded {
        try load("server: {tls: {auto_cert: true, \(tls)}, listen: {websocket: \"0.0.0.0:8443\"\(listen)}}\n")
    }

    @Test func aListOfNamesSuffices() throws {
        let report = try report("acme_domains: [relay.example.com, a-1.b.example]")
        #expect(report.text == "config.yaml: fine\n")
        #expect(report.configuration.server.tls.isAutomatic && report.configuration.server.tls.pair == nil)
    }

    @Test func itNeedsNames() throws {
        let report = try report("acme_email: a@b.example")
        #expect(report.findings.map(\.severity) == [.error])
        #expect(report.text.contains("needs server.tls.acme_domains"))
    }

    @Test(arguments: ["\"*.example.com\"", "localhost", "10.0.0.1", "relay.example.com:443", "-a.example"])
    func whatNobodyCanProveIsRefused(_ name: String) throws {
        let report = try report("acme_domains: [good.example, \(name)]")
        #expect(!report.isAcceptable, "\(report.text)")
    }

    @Test func anOperatorsFilesAreThenNotUsed() throws {
        let report = try report("acme_domains: [a.example], cert_file: /c, key_file: /k")
        #expect(report.findings.map(\.severity) == [.warning])
        #expect(report.text.contains("are not used") && report.configuration.server.tls.pair == nil)
    }

    @Test func aLoopbackListenerNeedsSomebodyWhoForwards() throws {
        let names = "acme_domains: [a.example], acme_challenge: http-01"
        #expect(try report(names).text.contains("something must forward /.well-known/acme-challenge/"))
        #expect(try report(names, listen: ", http: \"0.0.0.0:80\"").text == "config.yaml: fine\n")
    }

    @Test func anAuthorityIsAskedOverHTTPSOnly() throws {
        let report = try report("acme_domains: [a.example], acme_directory: \"http://ca.example/dir\"")
        #expect(!report.isAcceptable)
    }
}
