import FoundationEssentials
import NIOHTTP1

extension AdminResponse {
    /// Keys sorted and unescaped slashes, so that two answers can be compared and read.
    static func json(
        _ status: HTTPResponseStatus,
        _ document: some Encodable,
        contentType: String = "application/json",
        headers: HTTPHeaders = [:]
    ) -> AdminResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            let body = Array(try encoder.encode(document)) + [UInt8(ascii: "\n")]
            return AdminResponse(status, contentType: contentType, headers: headers, body: body)
        } catch {
            return .text(.internalServerError, "Not told: \(error)")
        }
    }
}
