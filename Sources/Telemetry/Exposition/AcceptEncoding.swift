/// The `Accept-Encoding` of a request (RFC 9110 section 12.5.3), as far as the choice between gzip and nothing goes.
public enum AcceptEncoding {
    /// True where gzip is acceptable and not less wanted than an uncompressed answer.
    public static func allowsGzip(_ header: String?) -> Bool {
        guard let header else { return false }
        var weights: [String: Double] = [:]
        for element in WeightedList(header).elements {
            weights[element.name == "x-gzip" ? "gzip" : element.name] = element.weight
        }
        let gzip = weights["gzip"] ?? weights["*"] ?? 0
        return gzip > 0 && gzip >= weights["identity"] ?? 0
    }
}
