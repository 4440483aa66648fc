import Foundation
import NIOHTTP1
import Testing

@testable import RelayAdmin

@Suite struct LogLevelDocumentTests {
    @Test func `the document is the one in docs/cli-json.md`() throws {
        let document = LogLevelDocument(level: "debug", configured: "info", until: "2026-11-23T09:32:43.123+00:00")
        try expectDocumented(documented("`moltrelay log-level --json`", in: .commands)[0], is: document)
    }
}
