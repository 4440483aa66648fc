import Testing

@testable import RelayTransport

@Suite struct DeflateTermsTests {
    @Test(arguments: [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate;client_max_window_bits=10 ; server_no_context_takeover",
        "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
        "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=8, permessage-deflate",
    ])
    func offersThatCanBeMet(offer: String) {
        let answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        #expect(DeflateTerms.agreed(on: [offer])?.answer == answer)
        #expect(DeflateTerms.agreed(on: ["other", offer])?.answer == answer)
    }

    @Test(arguments: [("9", 9), ("15", 15), ("\"12\"", 12)]) func aBoundOnOurWindowIsKept(text: String, bits: Int) {
        let terms = DeflateTerms.agreed(on: ["permessage-deflate; server_max_window_bits=\(text)"])
        #expect(terms?.serverWindowBits == bits)
        #expect(terms?.answer.hasSuffix("; server_max_window_bits=\(bits)") == true)
    }

    /// RFC 7692 section 7.1: an offer with anything unknown, repeated or out of range is declined.
    @Test(arguments: [
        "", "permessage-deflat", "permessage-deflate; x", "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=010", "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=", "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover", "permessage-deflate;",
    ])
    func offersThatCannot(offer: String) {
        #expect(DeflateTerms.agreed(on: [offer]) == nil)
    }
}
