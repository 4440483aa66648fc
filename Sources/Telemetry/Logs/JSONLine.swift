import Logging

enum JSONLine {
    private static let reserved: Set<String> = ["timestamp", "level", "message", "logger"]
    /// Deeper values are written as their description.
    private static let maxDepth = 8

    static func append(_ entry: LogEntry, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"timestamp":""#.utf8)
        RFC3339.append(unixMilliseconds: entry.time, to: &bytes)
        bytes.append(contentsOf: #"","level":"#.utf8)
        LineText.appendQuoted(entry.level.rawValue, to: &bytes)
        bytes.append(contentsOf: #","message":"#.utf8)
        LineText.appendQuoted(entry.message, to: &bytes)
        bytes.append(contentsOf: #","logger":"#.utf8)
        LineText.appendQuoted(entry.logger, to: &bytes)
        for (name, value) in entry.fields.sorted(by: { $0.key < $1.key }) {
            bytes.append(UInt8(ascii: ","))
            appendMember(fieldName(name, among: entry.fields), value, depth: 0, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// A field named like a reserved one gets underscores until its name is its own.
    private static func fieldName(_ name: String, among fields: Logger.Metadata) -> String {
        guard reserved.contains(name) else { return name }
        var other = name + "_"
        while fields[other] != nil { other += "_" }
        return other
    }

    static func append(_ value: Logger.MetadataValue, depth: Int = 0, to bytes: inout [UInt8]) {
        guard depth < maxDepth else { return LineText.appendQuoted(value.description, to: &bytes) }
        switch value {
        case .string(let text):
            LineText.appendQuoted(text, to: &bytes)
        case .stringConvertible(let scalar):
            append(scalar: scalar, to: &bytes)
        case .array(let elements):
            append(elements, depth: depth, to: &bytes)
        case .dictionary(let members):
            append(members, depth: depth, to: &bytes)
        }
    }

    private static func append(_ elements: [Logger.MetadataValue], depth: Int, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(element, depth: depth + 1, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private static func append(_ members: Logger.Metadata, depth: Int, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            appendMember(member.key, member.value, depth: depth + 1, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private static func appendMember(
        _ name: String,
        _ value: Logger.MetadataValue,
        depth: Int,
        to bytes: inout [UInt8]
    ) {
        LineText.appendQuoted(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(value, depth: depth, to: &bytes)
    }

    /// Numbers and truth values stay what they are, so that a search can compare them.
    private static func append(scalar: any CustomStringConvertible, to bytes: inout [UInt8]) {
        switch scalar {
        case is any FixedWidthInteger, is Bool:
            bytes.append(contentsOf: scalar.description.utf8)
        case let number as Double where number.isFinite:
            bytes.append(contentsOf: number.description.utf8)
        default:
            LineText.appendQuoted(scalar.description, to: &bytes)
        }
    }
}
