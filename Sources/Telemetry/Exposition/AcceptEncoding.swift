/// The `Accept-Encoding` of a request (RFC 9110 section 12.5.3), as far as the choice between gzip and nothing goes.
public enum AcceptEncoding {
    /// True where gzip is acceptable and not less wanted than an uncompressed answer.
    public static func allowsGzip(_ header: String?) -> Bool {
        guard let header else { return false }
        var weights: [Substring: Double] = [:]
        for element in header.split(separator: ",") {
            let parts = element.split(separator: ";").map(trimmed)
            guard let coding = parts.first else { continue }
            let name = coding.lowercased()[...]
            weights[name == "x-gzip" ? "gzip" : name] = weight(of: parts.dropFirst())
        }
        let any = weights["*"]
        let gzip = weights["gzip"] ?? any ?? 0
        return gzip > 0 && gzip >= weights["identity"] ?? 0
    }

    /// 1 without a `q`; 0, which refuses, where it cannot be read.
    private static func weight(of parameters: ArraySlice<Substring>) -> Double {
        for parameter in parameters where parameter.lowercased().hasPrefix("q=") {
            guard let weight = Double(parameter.dropFirst(2)), (0...1).contains(weight) else { return 0 }
            return weight
        }
        return 1
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let start = text.drop { $0 == " " || $0 == "\t" }
        guard let end = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return start[...end]
    }
}
