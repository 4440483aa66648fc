import Foundation
import Testing

@testable import RelayAdmin

@Suite struct PageRoutesTests {
    private func withPage(token: String?, _ body: (String) throws -> Void) async throws {
        let routes = PageRoutes(access: DetailedAccess(token: token.flatMap(BearerToken.init))).routes(
            overview: .fixed("overview"),
            slow: .fixed("slow"),
            message: .fixed("message"),
            connections: .fixed("connections"),
            queue: .fixed("queue"),
            logs: .fixed("logs")
        )
        try await withServer(routes) { try body("http://127.0.0.1:\($0)") }
    }

    @Test func `the page is whole, and its policy lets nothing else run`() async throws {
        try await withPage(token: nil) { url throws in
            let (first, second) = (try Curl.get(url + "/ui"), try Curl.get(url + "/ui"))
            #expect(first.status == 200)
            #expect(first.head.contains("content-type: text/html; charset=utf-8"))
            for header in [
                "x-content-type-options: nosniff", "frame-ancestors 'none'", "default-src 'none'",
                "x-frame-options: deny",
                "cache-control: no-store",
            ] {
                #expect(first.head.contains(header), "\(header)")
            }
            let nonces = try [first, second].map { answer in
                try #require(answer.head.firstMatch(of: /script-src 'nonce-([0-9a-f]{32})'/)?.output.1)
            }
            #expect(nonces[0] != nonces[1])
            #expect(first.body.components(separatedBy: "nonce=\"\(nonces[0])\"").count == 3, "a style and a script")
            #expect(first.body.matches(of: /<(script|style)/).count == 2)
            #expect(first.body.hasSuffix("</html>\n"))
            #expect(!first.head.contains("unsafe"))
            for placeholder in ["NONCE", "STYLE", "SCRIPT"] { #expect(!first.body.contains(placeholder)) }
            #expect(first.body.firstMatch(of: /\son[a-z]+=|style="|https?:\/\/(?!www\.w3\.org\/2000\/svg)/) == nil)
        }
    }

    @Test func `what it shows is for this machine`() async throws {
        try await withPage(token: nil) { url throws in
            for path in ["/ui/overview", "/ui/slow", "/ui/messages/1", "/ui/connections", "/ui/queue", "/ui/logs"] {
                let answer = try Curl.get(url + path)
                #expect(answer.status == 200)
                #expect(answer.head.contains("x-content-type-options: nosniff"))
                #expect(answer.head.contains("cross-origin-resource-policy: same-origin"))
                #expect(try Curl.get(url + path, "-H", "Host: evil.example").status == 403, "\(path)")
                #expect(try Curl.get(url + path, "-X", "POST").status != 200, "\(path)")
            }
            #expect(try Curl.get(url + "/ui", "-H", "Host: evil.example").status == 403)
        }
    }

    @Test func `from elsewhere the page comes where there is a token, and its numbers with the token`() async throws {
        try await withPage(token: "s3cret") { url throws in
            let elsewhere = ["-H", "x-forwarded-for: 203.0.113.9"]
            #expect(try Curl.get(url + "/ui", elsewhere).status == 200)
            #expect(try Curl.get(url + "/ui/overview", elsewhere).status == 403)
            let right = elsewhere + ["-H", "authorization: Bearer s3cret"]
            #expect(try Curl.get(url + "/ui/overview", right).body == "overview\n")
        }
        try await withPage(token: nil) { url throws in
            #expect(try Curl.get(url + "/ui", "-H", "x-forwarded-for: 203.0.113.9").status == 403)
        }
    }
}
