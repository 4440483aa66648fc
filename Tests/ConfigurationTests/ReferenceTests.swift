import Foundation
import Identity
import Testing

@testable import moltrelay

private let repository = URL(filePath: #filePath).appending(path: "../../..").standardized

@Suite struct ReferenceTests {
    @Test func thePageSaysWhatTheDeclarationsSay() throws {
        let page = try String(contentsOf: repository.appending(path: "docs/configuration.md"), encoding: .utf8)
        #expect(
            page == Reference.markdown,
            "renew it: swift run moltrelay check-config --print-reference > docs/configuration.md"
        )
    }

    @Test(arguments: Schema.settings.map(\.path))
    func everyKeyIsOnIt(path: String) throws {
        let setting = try #require(Schema.byPath[path])
        let row = try #require(Reference.markdown.split(separator: "\n").first { $0.hasPrefix("| `\(path)` |") })
        #expect(setting.environmentNames.allSatisfy { row.contains("`\($0)`") })
        #expect(!setting.summary.isEmpty)
    }

    @Test func theExampleIsAcceptedAsItStands() {
        let file = repository.appending(path: "deploy/config.example.yaml").path
        let report = Loaded(file: file, environment: [:], flags: [], machine: bareMachine)
        #expect(report.text == "config.yaml: fine\n")
    }

    /// Its comments show keys and defaults: with their marks removed they must be accepted as well.
    @Test func theExamplesCommentedKeysAreKeys() throws {
        let example = try String(contentsOf: repository.appending(path: "deploy/config.example.yaml"), encoding: .utf8)
        let uncommented = example.split(separator: "\n").map { line -> String in
            guard let mark = line.firstRange(of: "# ") else { return String(line) }
            let rest = line[mark.upperBound...]
            let isKey = rest.drop { $0 == " " || $0 == "-" }.prefix { $0 != ":" }.allSatisfy {
                $0.isLowercase || $0 == "_"
            }
            return isKey && rest.contains(":") ? String(line[..<mark.lowerBound] + rest) : String(line)
        }
        let report = try load(uncommented.joined(separator: "\n"))
        #expect(report.isAcceptable, "\(report.text)")
        #expect(report.configuration.auth.trustedOrgs.map(\.name) == ["example-org"])
        #expect(report.configuration.storage.sqlite.path == "/var/lib/moltrelay/relay.db")
    }
}
