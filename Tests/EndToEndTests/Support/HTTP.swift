/// Plain requests with curl.
enum HTTP {
    struct Answer: CustomStringConvertible {
        let status: Int
        let contentType: String
        let body: String
        var description: String { "\(status) \(contentType): \(body)" }
    }

    /// - Parameter headers: as in "Upgrade: websocket".
    static func get(_ url: String, headers: [String] = [], method: String = "GET") async throws -> Answer {
        let marker = "answered:"
        let arguments =
            ["--silent", "--show-error", "--max-time", "10", "--http1.1", "--request", method]
            + headers.flatMap { ["--header", $0] }
            + ["--write-out", "\n\(marker)%{http_code} %{content_type}", url]
        let outcome = try await Programs.run("curl", arguments)
        guard let last = outcome.lines.last(where: { $0.hasPrefix(marker) }) else {
            throw ChildProcess.CannotStart(description: "curl \(url): \(outcome.text)")
        }
        let parts = last.dropFirst(marker.count).split(separator: " ", maxSplits: 1)
        let body = outcome.lines.prefix { !$0.hasPrefix(marker) }.joined(separator: "\n")
        return Answer(status: Int(parts[0]) ?? 0, contentType: parts.count > 1 ? String(parts[1]) : "", body: body)
    }
}
