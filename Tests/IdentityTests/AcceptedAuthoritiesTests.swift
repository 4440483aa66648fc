import Identity
import Testing

@Suite struct AcceptedAuthoritiesTests {
    @Test func configurationDecides() {
        #expect(AcceptedAuthorities(publicNames: nil, listensOnLoopback: true) == .any)
        #expect(AcceptedAuthorities(publicNames: ["a"], listensOnLoopback: true) == .names(["a"]))
        #expect(
            AcceptedAuthorities(publicNames: nil, listensOnLoopback: false, certificateNames: ["b"]) == .names(["b"])
        )
        #expect(AcceptedAuthorities(publicNames: nil, listensOnLoopback: false) == .names([]))
        #expect(AcceptedAuthorities.any.accepts("anything:1"))
        #expect(!AcceptedAuthorities.names([]).accepts("relay.example.com:443"))
    }

    @Test(arguments: [
        ("relay.example.com", "relay.example.com:8443"),
        ("relay.example.com", "relay.example.com"),
        ("Relay.Example.com", "relay.eXample.COM:8443"),
        ("relay.example.com:8443", "relay.example.com:8443"),
        ("*.example.com", "relay.example.com:443"),
        ("*.example.com:443", "relay.example.com:443"),
        ("192.0.2.1", "192.0.2.1:8443"),
        ("2001:db8::1", "[2001:db8::1]:8443"),
        ("[2001:db8::1]:8443", "[2001:DB8::1]:8443"),
    ])
    func accepts(_ name: String, _ authority: String) {
        #expect(AcceptedAuthorities.names(["other", name]).accepts(authority))
    }

    @Test(arguments: [
        ("relay.example.com", "evil.example.com:8443"),
        ("relay.example.com", "relay.example.com.evil.test:8443"),
        ("relay.example.com", "xrelay.example.com"),
        ("relay.example.com", ""),
        ("", ":8443"),
        ("relay.example.com:8443", "relay.example.com:443"),
        ("relay.example.com:8443", "relay.example.com"),
        ("*.example.com", "a.b.example.com:443"),
        ("*.example.com", "example.com:443"),
        ("*.example.com", ".example.com:443"),
        ("2001:db8::1", "[2001:db8::2]:8443"),
        ("[2001:db8::1]:8443", "[2001:db8::1]:443"),
        ("relay.example.com", "[relay.example.com"),
    ])
    func refuses(_ name: String, _ authority: String) {
        #expect(!AcceptedAuthorities.names([name]).accepts(authority))
    }
}
