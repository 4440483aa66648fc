import Testing

extension Relay {
    /// Asks the metrics listener for `path` until the answer has that status.
    func probe(_ path: String, until status: Int, location: SourceLocation = #_sourceLocation) async throws
        -> HTTP.Answer
    {
        var answer = try await HTTP.get("http://\(metrics)\(path)")
        for _ in 0..<Self.patience where answer.status != status {
            answer = try await HTTP.get("http://\(metrics)\(path)")
        }
        try #require(answer.status == status, "\(path): \(answer)", sourceLocation: location)
        return answer
    }

    /// The first scrape that `wanted` accepts; the last one, should none do.
    func scrape(until wanted: (Scrape) throws -> Bool) async throws -> Scrape {
        var scrape = try await scrape()
        for _ in 0..<Self.patience {
            guard try !wanted(scrape) else { break }
            scrape = try await self.scrape()
        }
        return scrape
    }
}
