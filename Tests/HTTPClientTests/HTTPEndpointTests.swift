import HTTPClient
import Testing

@Suite(.serialized) struct HTTPEndpointTests {
    @Test(arguments: [
        ("http://localhost:14268/api/traces", "localhost", 14_268, "/api/traces"),
        ("http://collector", "collector", 4_318, "/"),
        ("http://collector/v1/traces?a=b", "collector", 4_318, "/v1/traces?a=b"),
        ("http://collector:80?x", "collector", 80, "/?x"),
        ("http://[::1]:4318/v1/traces", "::1", 4_318, "/v1/traces"),
        ("http://[::1]/", "::1", 4_318, "/"),
    ])
    func readsAddresses(_ text: String, _ host: String, _ port: Int, _ path: String) throws {
        let endpoint = try HTTPEndpoint(text, defaultPort: 4_318)
        #expect(endpoint.origin == HTTPOrigin(host: host, port: port))
        #expect(endpoint.path == path)
    }

    @Test(arguments: [
        ("collector:4318", HTTPEndpoint.Unusable.notHTTP), ("grpc://a", .notHTTP),
        ("http://", .noHost), ("http://:80", .noHost), ("http://a:0", .badPort("0")), ("http://a:x", .badPort("x")),
        ("http://a:70000", .badPort("70000")), ("http://user@a/", .notHTTP), ("http://a/b c", .notHTTP),
        ("http://a\0.example/", .notHTTP), ("http://a/\u{1B}[2J", .notHTTP), ("http://ä/", .notHTTP),
    ])
    func saysWhatIsWrong(_ text: String, _ reason: HTTPEndpoint.Unusable) {
        #expect(throws: reason) { try HTTPEndpoint(text) }
    }

    @Test(arguments: [("https://collector", 443), ("https://collector:4318/v1", 4_318), ("https://[::1]:1", 1)])
    func readsAddressesWithTLS(_ text: String, _ port: Int) throws {
        let endpoint = try HTTPEndpoint(text, defaultPort: 80)
        #expect(endpoint.isTLS && endpoint.origin.port == port)
        #expect(try !HTTPEndpoint("http://collector").isTLS)
    }

    @Test func writesHostAsAHeaderWantsIt() {
        #expect(HTTPOrigin(host: "::1", port: 80).description == "[::1]:80")
        #expect(HTTPOrigin(host: "a", port: 81).description == "a:81")
    }
}
