import Testing

/// The conservation law of docs/architecture.md as one scrape states it.
struct Ledger: CustomStringConvertible {
    let accepted, recovered, takenOver, delivered, expired, dropped, inFlight, queued, handedOver, duplicates: Double

    init(_ scrape: Scrape, location: SourceLocation = #_sourceLocation) throws {
        func sum(_ name: String, _ labels: [String: String] = [:]) throws -> Double {
            try #require(scrape.sum(name, labels), "no series \(name) \(labels)", sourceLocation: location)
        }
        accepted = try sum("moltrelay_messages_total")
        recovered = try sum("moltrelay_messages_recovered_total")
        takenOver = try sum("moltrelay_messages_taken_over_total")
        handedOver = try sum("moltrelay_messages_handed_over_total")
        delivered = try sum("moltrelay_messages_settled_total", ["fate": "delivered"])
        expired = try sum("moltrelay_messages_settled_total", ["fate": "expired"])
        dropped = try sum("moltrelay_messages_dropped_total")
        inFlight = try sum("moltrelay_messages_in_flight")
        queued = try sum("moltrelay_queue_depth")
        duplicates = try sum("moltrelay_spill_duplicates_total")
    }

    var came: Double { accepted + recovered + takenOver }
    var went: Double { delivered + expired + dropped + inFlight + queued + handedOver + duplicates }
    var isBalanced: Bool { came == went }

    var description: String {
        "accepted \(accepted) + recovered \(recovered) + taken over \(takenOver) = delivered \(delivered) + expired \(expired)"
            + " + dropped \(dropped) + in flight \(inFlight) + queued \(queued) + handed over \(handedOver)"
            + " + duplicates \(duplicates)"
    }
}
