internal import FoundationEssentials

/// What an authority answers (RFC 8555 section 7.1), as far as it is read.
struct DirectoryDocument: Decodable {
    var newNonce: String
    var newAccount: String
    var newOrder: String
}

struct Identifier: Codable, Equatable {
    var type = "dns"
    var value: String
}

struct OrderDocument: Decodable {
    var status: String
    var authorizations: [String]
    var finalize: String
    var certificate: String?
    var error: ProblemDocument?
}

struct AuthorizationDocument: Decodable {
    var status: String
    var identifier: Identifier
    var challenges: [ChallengeDocument]
}

struct ChallengeDocument: Decodable {
    var type: String
    var url: String
    var token: String?
    var error: ProblemDocument?
}

/// RFC 7807.
struct ProblemDocument: Decodable, Equatable {
    var type: String?
    var detail: String?

    private static let namespace = "urn:ietf:params:acme:error:"

    /// Of the registry of RFC 8555 section 9.7.8.
    var name: String {
        guard let type, type.hasPrefix(Self.namespace) else { return type ?? "" }
        return String(type.dropFirst(Self.namespace.count))
    }

    var text: String {
        let parts = [name, detail ?? ""].filter { !$0.isEmpty }
        return parts.isEmpty ? "no reason given" : parts.joined(separator: ": ")
    }
}

struct AccountPayload: Encodable {
    var termsOfServiceAgreed = true
    var contact: [String]?
}

struct OrderPayload: Encodable {
    var identifiers: [Identifier]
}

struct FinalizePayload: Encodable {
    var csr: String
}

enum JSONText {
    static func read<Document: Decodable>(_ type: Document.Type, _ bytes: [UInt8]) -> Document? {
        try? JSONDecoder().decode(type, from: Data(bytes))
    }

    /// Nothing that is written here can fail to be.
    static func write(_ document: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(document)).map { Array($0) } ?? []
    }

    static func quoted(_ text: String) -> String { String(decoding: write(text), as: UTF8.self) }
}
