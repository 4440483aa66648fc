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

    func check(_ name: String, until status: String, location: SourceLocation = #_sourceLocation) async throws -> JSON {
        try await check(name, location: location) { $0["status"].string == status }
    }

    /// Asks for the details until that check is as `wanted`.
    func check(
        _ name: String,
        location: SourceLocation = #_sourceLocation,
        until wanted: (JSON) -> Bool
    ) async throws -> JSON {
        var check = JSON.null
        for _ in 0..<Self.patience {
            let details = try JSON(parsing: try await HTTP.get("http://\(metrics)/health/detailed").body)
            check = details["checks"].array.first { $0["name"].string == name } ?? .null
            if wanted(check) { return check }
        }
        Issue.record("\(name) is not as wanted: \(check)", sourceLocation: location)
        return check
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
