import RelayAdmin

/// The slowest messages for people. Scripts use the JSON; this may change from version to version.
struct SlowTable {
    private let document: SlowDocument

    init(_ document: SlowDocument) { self.document = document }

    /// Without a newline at its end.
    var text: String {
        guard let since = document.since else {
            return "This relay keeps no messages' ways: tracing.recorder_bytes is 0, or there was no memory for it."
        }
        let what = document.queued ? "out of the queue" : "to a connected recipient"
        guard !document.messages.isEmpty else { return "No message was written \(what) since \(plainTime(since)) UTC." }
        let rows =
            [["message", "took", "slowest stage", "fate", "from", "to", "written (UTC)"]] + document.messages.map(row)
        let widths = rows[0].indices.map { column in rows.map(\.[column].count).max() ?? 0 }
        let lines = rows.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ").trimmed
        }
        return (lines + ["", "Written \(what) since \(plainTime(since)) UTC."]).joined(separator: "\n")
    }

    private func row(_ message: SlowDocument.Message) -> [String] {
        let share = message.seconds > 0 ? Int((message.slowestStageSeconds / message.seconds * 100).rounded()) : 0
        return [
            message.id, elapsed(message.seconds), "\(message.slowestStage) \(share) %", fate(message),
            digits(message.sender),
            digits(message.recipient), String(plainTime(message.writtenAt).suffix(12)),
        ]
    }

    /// Without `sha256:`, for a line that fits.
    private func digits(_ agent: String) -> String { String(agent.suffix(16)) }

    private func fate(_ message: SlowDocument.Message) -> String {
        switch message.fate {
        case nil: "(forgotten)"
        case "under_way": "unacknowledged"
        case let fate?: fate + (message.reason.map { ": \($0)" } ?? "")
        }
    }
}
