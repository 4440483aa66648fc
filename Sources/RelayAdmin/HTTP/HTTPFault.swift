/// Why a client of one of the HTTP listeners was refused or cut off. A closed set: it becomes a label.
public enum HTTPFault: String, Sendable, CaseIterable {
    /// Its request did not come to its end.
    case requestTimeout = "request_timeout"
    /// It did not take its answer.
    case responseTimeout = "response_timeout"
    case tooLarge = "too_large"
    case malformed
    /// It asked on and on while it was being answered.
    case pipelined
    /// As many others were connected as may be, and it had waited longest.
    case crowded
    /// It asked for what takes a token, without the right one.
    case unauthorized
    /// A page of another origin asked for it in a browser.
    case foreignPage = "foreign_page"
    /// Its PROXY header is none, or comes from who may not bring one.
    case proxyHeader = "proxy_header"
}
