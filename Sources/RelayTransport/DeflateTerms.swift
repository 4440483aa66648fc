/// What is agreed on permessage-deflate (RFC 7692 section 7.1). Every message is compressed on its own, in both
/// directions: a connection that says nothing then holds no memory for it.
package struct DeflateTerms: Equatable, Sendable {
    private static let name = "permessage-deflate"

    /// Of what the relay compresses, where the client asked for a bound.
    package let serverWindowBits: Int?

    /// The first offer that can be met; nil where there is none.
    /// - Parameter offers: the values of `Sec-WebSocket-Extensions`.
    static func agreed(on offers: [String]) -> DeflateTerms? {
        offers.lazy.flatMap { $0.split(separator: ",") }.compactMap { DeflateTerms(offer: $0) }.first
    }

    /// The value of `Sec-WebSocket-Extensions` in the answer.
    var answer: String {
        let terms = "\(Self.name); server_no_context_takeover; client_no_context_takeover"
        return serverWindowBits.map { terms + "; server_max_window_bits=\($0)" } ?? terms
    }

    private init?(offer: Substring) {
        let parts = offer.split(separator: ";", omittingEmptySubsequences: false).map { $0.trimmed }
        guard parts.first == Self.name else { return nil }
        var seen: Set<String> = []
        var windowBits: Int?
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { $0.trimmed }
            let value = pair.count > 1 ? pair[1].filter { $0 != "\"" } : nil
            guard seen.insert(pair[0]).inserted else { return nil }
            switch (pair[0], value) {
            case ("server_no_context_takeover", nil), ("client_no_context_takeover", nil): break
            case ("client_max_window_bits", let bits): if let bits, Self.windowBits(bits) == nil { return nil }
            case ("server_max_window_bits", let bits?):
                // zlib writes no raw stream with a window of 8 bits.
                guard let bits = Self.windowBits(bits), bits > 8 else { return nil }
                windowBits = bits
            default: return nil
            }
        }
        serverWindowBits = windowBits
    }

    private static func windowBits(_ text: String) -> Int? {
        guard let bits = Int(text), 8...15 ~= bits, String(bits) == text else { return nil }
        return bits
    }
}

extension Substring {
    fileprivate var trimmed: String {
        let start = drop { $0 == " " || $0 == "\t" }
        return String(start.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
