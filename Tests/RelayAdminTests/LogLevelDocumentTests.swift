import Foundation
import NIOHTTP1
import Testing

@testable import RelayAdmin

@Suite struct LogLevelDocumentTests {
    /// The JSON block of the page that a script is written against.
    private func documented() throws -> Data {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/cli-json.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "## `moltrelay log-level --json`").last)
        let block = try #require(section.components(separatedBy: "```json\n").dropFirst().first)
        return Data(try #require(block.components(separatedBy: "```").first).utf8)
    }

    @Test func `the document is the one in docs/cli-json.md`() throws {
        let document = LogLevelDocument(level: "debug", configured: "info", until: "2026-11-23T09:32:43.123+00:00")
        #expect(try JSONDecoder().decode(LogLevelDocument.self, from: documented()) == document)
        let encoded = AdminResponse.json(.ok, document)
        #expect(
            try JSONSerialization.jsonObject(with: Data(encoded.body)) as? NSDictionary
                == JSONSerialization.jsonObject(with: documented()) as? NSDictionary
        )
    }
}
