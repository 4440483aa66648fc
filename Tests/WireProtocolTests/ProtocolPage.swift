import Foundation
import Testing

/// Tables of docs/protocol.md: what the page says is what the tests demand.
enum ProtocolPage {
    /// The rows under the heading `heading`, each a list of cells, without the two header lines.
    static func table(under heading: String) throws -> [[String]] {
        let page = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/protocol.md").standardizedFileURL
        let lines = try String(contentsOf: page, encoding: .utf8).split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        let start = try #require(lines.firstIndex(of: heading[...]), "the page has no \(heading)")
        let table = lines[start...].drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
        return table.map { line in
            line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }
}
