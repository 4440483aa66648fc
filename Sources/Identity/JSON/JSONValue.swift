/// Parsed JSON as RFC 8785 sees it: numbers are doubles, and members keep their order until they are written.
///
/// Strings compare here by their bytes. `String.==` calls precomposed and decomposed letters equal, and an
/// attestation for one of two such ids must not pass for the other.
public enum JSONValue: Sendable {
    case null
    case bool(Bool)
    /// Finite.
    case number(Double)
    case string(String)
    case array([JSONValue])
    /// No two members of one name.
    case object([Member])

    public struct Member: Sendable {
        public let name: String
        public let value: JSONValue

        public init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// nil where this is no object or has no such member.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.hasSameBytes(as: name) }?.value
    }

    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// nil unless an integer of 0 to 2^53, past which doubles skip integers.
    public var unsignedInteger: UInt64? {
        guard case .number(let number) = self, number <= 0x1p53 else { return nil }
        return UInt64(exactly: number)
    }

    public var strings: [String]? {
        guard case .array(let values) = self else { return nil }
        let texts = values.compactMap(\.string)
        return texts.count == values.count ? texts : nil
    }
}

extension String {
    func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
