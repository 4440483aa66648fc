import NIOHTTP1
public import Telemetry

extension AdminRoute {
    /// `/metrics`.
    /// - Parameter scrape: takes the Accept-Encoding header, or nil.
    public static func metrics(_ scrape: @escaping @Sendable (String?) -> ScrapeResponse) -> AdminRoute {
        AdminRoute { request in
            let accepted = request.headers["accept-encoding"]
            let answer = scrape(accepted.isEmpty ? nil : accepted.joined(separator: ","))
            var headers: HTTPHeaders = ["vary": "accept-encoding"]
            if let encoding = answer.contentEncoding { headers.add(name: "content-encoding", value: encoding) }
            return AdminResponse(.ok, contentType: answer.contentType, headers: headers, body: answer.body)
        }
    }
}
