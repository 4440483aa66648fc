import NIOHTTP1
public import Telemetry

extension AdminRoute {
    /// `/metrics`.
    /// - Parameter scrape: takes the headers Accept and Accept-Encoding, nil where absent; nil where no format is
    ///   acceptable.
    public static func metrics(_ scrape: @escaping @Sendable (String?, String?) -> ScrapeResponse?) -> AdminRoute {
        AdminRoute { request in
            var headers: HTTPHeaders = ["vary": "accept, accept-encoding"]
            guard let answer = scrape(request.joined("accept"), request.joined("accept-encoding")) else {
                let types = ExpositionFormat.allCases.map(\.contentType).joined(separator: ", ")
                return .text(.notAcceptable, "There is: \(types)", headers: headers)
            }
            if let encoding = answer.contentEncoding { headers.add(name: "content-encoding", value: encoding) }
            return AdminResponse(.ok, contentType: answer.format.contentType, headers: headers, body: answer.body)
        }
    }
}

extension AdminRequest {
    /// A header that may come in parts.
    fileprivate func joined(_ name: String) -> String? {
        let values = headers[name]
        return values.isEmpty ? nil : values.joined(separator: ",")
    }
}
