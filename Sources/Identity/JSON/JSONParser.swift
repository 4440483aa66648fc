/// Why a text is not the JSON that RFC 8785 can canonicalise. Offsets are bytes from the start.
public enum JSONParsingError: Error, Equatable, Sendable, CustomStringConvertible {
    case unexpectedByte(UInt8, offset: Int)
    case unexpectedEnd
    case tooDeep(offset: Int)
    /// Of the second member of that name.
    case duplicateMember(offset: Int)
    /// Of a value that no double holds.
    case numberOutOfRange(offset: Int)
    /// Not UTF-8, or half of a surrogate pair.
    case invalidText(offset: Int)

    public var description: String {
        switch self {
        case .unexpectedByte(let byte, let offset): "unexpected byte \(byte) at offset \(offset)"
        case .unexpectedEnd: "the text ends inside a value"
        case .tooDeep(let offset): "nested deeper than \(JSONParser.maxDepth) at offset \(offset)"
        case .duplicateMember(let offset): "the member at offset \(offset) has the name of an earlier one"
        case .numberOutOfRange(let offset): "the number at offset \(offset) is out of range"
        case .invalidText(let offset): "the string at offset \(offset) is not Unicode"
        }
    }
}

extension JSONValue {
    /// Reads one value of RFC 8259 and nothing after it but white space.
    public init(parsing bytes: [UInt8]) throws(JSONParsingError) {
        var parser = JSONParser(bytes)
        self = try parser.document()
    }
}

struct JSONParser {
    /// The parser recurses: this bounds its stack.
    static let maxDepth = 64

    let bytes: [UInt8]
    var index = 0
    private var depth = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(JSONParsingError) -> JSONValue {
        let value = try value()
        skipSpace()
        guard index == bytes.count else { throw .unexpectedByte(bytes[index], offset: index) }
        return value
    }

    private mutating func value() throws(JSONParsingError) -> JSONValue {
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try nested { (parser) throws(JSONParsingError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { (parser) throws(JSONParsingError) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func nested(
        _ parse: (inout JSONParser) throws(JSONParsingError) -> JSONValue
    ) throws(JSONParsingError) -> JSONValue {
        guard depth < Self.maxDepth else { throw .tooDeep(offset: index) }
        depth += 1
        defer { depth -= 1 }
        index += 1
        return try parse(&self)
    }

    private mutating func object() throws(JSONParsingError) -> JSONValue {
        var members: [JSONValue.Member] = []
        // Of code units, not of String, whose equality would call two different names one.
        var names: Set<[UInt8]> = []
        guard try !closes(with: UInt8(ascii: "}")) else { return .object(members) }
        repeat {
            skipSpace()
            let start = index
            let name = try string()
            guard names.insert(Array(name.utf8)).inserted else { throw .duplicateMember(offset: start) }
            skipSpace()
            try expect(UInt8(ascii: ":"))
            members.append(.init(name: name, value: try value()))
        } while try continues(until: UInt8(ascii: "}"))
        return .object(members)
    }

    private mutating func array() throws(JSONParsingError) -> JSONValue {
        var values: [JSONValue] = []
        guard try !closes(with: UInt8(ascii: "]")) else { return .array(values) }
        repeat { values.append(try value()) } while try continues(until: UInt8(ascii: "]"))
        return .array(values)
    }

    private mutating func closes(with end: UInt8) throws(JSONParsingError) -> Bool {
        skipSpace()
        guard try peek() == end else { return false }
        index += 1
        return true
    }

    private mutating func continues(until end: UInt8) throws(JSONParsingError) -> Bool {
        guard try !closes(with: end) else { return false }
        try expect(UInt8(ascii: ","))
        return true
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONParsingError) -> JSONValue {
        for offset in 0..<text.utf8CodeUnitCount { try expect(text.utf8Start[offset]) }
        return value
    }

    private mutating func number() throws(JSONParsingError) -> Double {
        let start = index
        skip(UInt8(ascii: "-"))
        if !skip(UInt8(ascii: "0")) { try digits() }
        if skip(UInt8(ascii: ".")) { try digits() }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            if !skip(UInt8(ascii: "+")) { skip(UInt8(ascii: "-")) }
            try digits()
        }
        let value = Double(String(decoding: bytes[start..<index], as: UTF8.self))
        guard let value, value.isFinite else { throw .numberOutOfRange(offset: start) }
        return value
    }

    private mutating func digits() throws(JSONParsingError) {
        guard isDigit(try peek()) else { throw .unexpectedByte(bytes[index], offset: index) }
        while index < bytes.count, isDigit(bytes[index]) { index += 1 }
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private mutating func skipSpace() {
        while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
    }

    func peek() throws(JSONParsingError) -> UInt8 {
        guard index < bytes.count else { throw .unexpectedEnd }
        return bytes[index]
    }

    mutating func next() throws(JSONParsingError) -> UInt8 {
        let byte = try peek()
        index += 1
        return byte
    }

    mutating func expect(_ byte: UInt8) throws(JSONParsingError) {
        guard try peek() == byte else { throw .unexpectedByte(bytes[index], offset: index) }
        index += 1
    }

    @discardableResult
    private mutating func skip(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }
}
