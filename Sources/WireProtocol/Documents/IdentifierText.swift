extension AgentHash: Decodable, JSONWritable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let hash = Self(text) else {
            throw DocumentError.wrong(at: decoder.codingPath, expected: "sha256: and 64 hex digits")
        }
        self = hash
    }

    public func write(to json: inout JSONWriter) { json.string(description) }
}

extension MessageID: Decodable, JSONWritable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let id = Self(uuid: text) else {
            throw DocumentError.wrong(at: decoder.codingPath, expected: "a UUID")
        }
        self = id
    }

    public func write(to json: inout JSONWriter) { json.quoted(appendUUID(to:)) }
}
