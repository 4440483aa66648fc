internal import FoundationEssentials

/// A frame's payload as JSON (protocol section 3). Unknown members are ignored when read.
public protocol Document: Decodable, Equatable, Sendable, JSONWritable {
    static var frameType: FrameType { get }

    /// - Parameter json: UTF-8, one object.
    init(json: [UInt8]) throws(DocumentError)
}

extension Document {
    public init(json: [UInt8]) throws(DocumentError) {
        self = try Self.decoded(from: json)
    }

    /// UTF-8, members in the order of the protocol page.
    public var json: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }
}

extension Decodable {
    static func decoded(from json: [UInt8]) throws(DocumentError) -> Self {
        guard isUTF8Alone(json) else { throw .notJSON }
        do {
            return try JSONDecoder().decode(Self.self, from: Data(json))
        } catch let error as DocumentError {
            throw error
        } catch let error as DecodingError {
            throw DocumentError(error)
        } catch {
            throw .notJSON
        }
    }
}

/// JSONDecoder takes UTF-16, UTF-32 and a byte order mark as well, and any bytes in a string that nobody asks for.
/// `JSONMember` does not: the attestation of an AUTH in UTF-16 would go unseen, and the agent be let in as one that
/// sent none.
private func isUTF8Alone(_ json: [UInt8]) -> Bool {
    !json.contains(0) && !json.starts(with: [0xEF, 0xBB, 0xBF]) && String(validating: json, as: UTF8.self) != nil
}

/// Why a document could not be read. Names the member, never repeats what the peer wrote in it.
public enum DocumentError: Error, Equatable, Sendable {
    case notJSON
    case notAnObject
    case missing(member: String)
    case wrong(member: String, expected: String)
    /// Not JSON: the binary form of ACK.
    case binary(expected: String)

    init(_ error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            self = .missing(member: Self.path(context.codingPath + [key]))
        case .typeMismatch(_, let context) where context.codingPath.isEmpty,
            .valueNotFound(_, let context) where context.codingPath.isEmpty:
            self = .notAnObject
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            self = .wrong(member: Self.path(context.codingPath), expected: Self.kind(of: type))
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            self = .notJSON
        case .dataCorrupted(let context):
            self = .wrong(member: Self.path(context.codingPath), expected: "a value in range")
        @unknown default:
            self = .notJSON
        }
    }

    static func wrong(at path: [any CodingKey], expected: String) -> DocumentError {
        .wrong(member: Self.path(path), expected: expected)
    }

    /// The same error of a document that is a member of another.
    func inside(_ member: String) -> DocumentError {
        switch self {
        case .notJSON, .binary: self
        case .notAnObject: .wrong(member: member, expected: "an object")
        case .missing(let inner): .missing(member: member + "." + inner)
        case .wrong(let inner, let expected): .wrong(member: member + "." + inner, expected: expected)
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.reduce(into: "") { path, key in
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += path.isEmpty ? key.stringValue : "." + key.stringValue
            }
        }
    }

    private static func kind(of type: Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is Double.Type: "a number"
        case is any FixedWidthInteger.Type: "a whole number"
        case is any Collection.Type where String(describing: type).hasPrefix("Array"): "an array"
        default: "an object"
        }
    }
}

extension DocumentError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notJSON: "is not JSON in UTF-8"
        case .notAnObject: "is not an object"
        case .missing(let member): "member \(member) is missing"
        case .wrong(let member, let expected): "member \(member) is not \(expected)"
        case .binary(let expected): "binary form is not \(expected)"
        }
    }
}
