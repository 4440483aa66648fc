import Foundation
import Testing

/// docs/security.md names each threat of the drafts, and tests that exist.
@Suite struct SecurityPageTests {
    private static let threats = [
        "replay", "spoofed sender", "challenge relay", "downgrade", "oversize", "compression bomb", "slow-loris",
        "flood",
        "log injection", "header injection", "path traversal",
    ]

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")

    private func rows() throws -> [[String]] {
        let page = try String(contentsOf: Self.root.appending(path: "docs/security.md"), encoding: .utf8)
        return page.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst(2).map { line in
            line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }

    private func testSources() throws -> String {
        let tests = Self.root.appending(path: "Tests")
        let files = FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil)
        let swift = (files?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "swift" }
        return try swift.map { try String(contentsOf: $0, encoding: .utf8) }.joined()
    }

    @Test func everyThreatOfTheDraftsHasItsRow() throws {
        let named = Set(try rows().map { $0[0] })
        #expect(named.isSuperset(of: Self.threats), "\(Set(Self.threats).subtracting(named))")
    }

    @Test func everyRowNamesTestsThatExist() throws {
        let sources = try testSources()
        for row in try rows() {
            let tests = row[3].matches(of: /`(\w+)`/).map { String($0.1) }
            #expect(row.count == 4 && !tests.isEmpty, "\(row)")
            for test in tests { #expect(sources.contains("func \(test)("), "\(row[0]): no test \(test)") }
        }
    }
}
