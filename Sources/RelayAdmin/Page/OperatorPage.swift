import NIOHTTP1

/// The page to look at: one document, with its style and script inside and nothing from elsewhere.
struct OperatorPage {
    /// Between them goes what only this answer's own style and script know.
    private let parts: [[UInt8]]

    init() {
        let scripts = [
            PackageResources.words_js, PackageResources.charts_js, PackageResources.relay_js,
            PackageResources.tables_js, PackageResources.page_js,
        ]
        let page = Self.text(PackageResources.page_html)
            .replacing("STYLE", with: Self.text(PackageResources.page_css))
            .replacing("SCRIPT", with: Self.text(Array(scripts.joined(separator: [UInt8(ascii: "\n")]))))
        parts = page.split(separator: "NONCE").map { Array($0.utf8) }
    }

    /// Holds nothing of the relay: that comes by requests of its own, with the token where one is asked for.
    var response: AdminResponse {
        let nonce = Self.nonce()
        let body = Array(parts.joined(separator: Array(nonce.utf8)))
        return AdminResponse(.ok, contentType: "text/html; charset=utf-8", headers: Self.headers(nonce), body: body)
    }

    private static func headers(_ nonce: String) -> HTTPHeaders {
        let policy = [
            "default-src 'none'", "script-src 'nonce-\(nonce)'", "style-src 'nonce-\(nonce)'", "connect-src 'self'",
            "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
            "require-trusted-types-for 'script'", "trusted-types 'none'",
        ]
        return [
            "content-security-policy": policy.joined(separator: "; "), "x-content-type-options": "nosniff",
            "x-frame-options": "DENY", "referrer-policy": "no-referrer", "cache-control": "no-store",
            "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
        ]
    }

    /// 128 random bits.
    private static func nonce() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let half = String(random.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - half.count) + half
        }.joined()
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
