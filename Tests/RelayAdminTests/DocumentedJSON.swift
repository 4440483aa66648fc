import Foundation
import NIOHTTP1
import Testing

@testable import RelayAdmin

/// A page whose JSON blocks scripts are written against.
enum JSONPage: String {
    case adminAPI = "admin-api.md"
    case commands = "cli-json.md"
}

/// The JSON blocks of a page below a heading, in order.
/// - Parameter heading: the whole of it, or what stands before its first comma.
func documented(_ heading: String, in page: JSONPage = .adminAPI) throws -> [Data] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    let text = try String(contentsOf: folder.appending(path: "../../docs/\(page.rawValue)"), encoding: .utf8)
    let section = try #require(
        text.components(separatedBy: "\n## ").first { $0.hasPrefix(heading + "\n") || $0.hasPrefix(heading + ",") }
    )
    return section.components(separatedBy: "```json\n").dropFirst().map { block in
        Data(block.components(separatedBy: "```")[0].utf8)
    }
}

/// The block says what the document does, member for member.
func expectDocumented<Document: Codable & Equatable>(_ json: Data, is document: Document) throws {
    let answer = AdminResponse.json(.ok, document)
    let documented = try JSONSerialization.jsonObject(with: json) as? NSDictionary
    #expect(try JSONSerialization.jsonObject(with: Data(answer.body)) as? NSDictionary == documented)
    #expect(try JSONDecoder().decode(Document.self, from: json) == document)
}
