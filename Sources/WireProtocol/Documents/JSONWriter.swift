/// What has a JSON form.
public protocol JSONWritable {
    func write(to json: inout JSONWriter)
}

/// Appends JSON to a byte array. It cannot fail, keeps the order of members, and can embed JSON as it came, which an
/// organisation's signature needs; Foundation's encoder does none of these.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    public init() {}

    mutating func reserve(_ byteCount: Int) { bytes.reserveCapacity(bytes.count + byteCount) }

    public mutating func object(_ members: (inout JSONWriter) -> Void) {
        open(UInt8(ascii: "{"))
        members(&self)
        close(UInt8(ascii: "}"))
    }

    public mutating func array(_ elements: some Sequence<some JSONWritable>) {
        open(UInt8(ascii: "["))
        for element in elements {
            separate()
            element.write(to: &self)
            needsComma = true
        }
        close(UInt8(ascii: "]"))
    }

    public mutating func member(_ key: some CodingKey, _ value: some JSONWritable) {
        separate()
        string(key.stringValue)
        bytes.append(UInt8(ascii: ":"))
        value.write(to: &self)
        needsComma = true
    }

    public mutating func member(_ key: some CodingKey, ifPresent value: (some JSONWritable)?) {
        if let value { member(key, value) }
    }

    public mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.allSatisfy(Self.isPlain) {
            bytes.append(contentsOf: text.utf8)
        } else {
            for byte in text.utf8 { escape(byte) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends bytes that are JSON, or inside a string, already.
    public mutating func raw(_ json: some Sequence<UInt8>) {
        bytes.append(contentsOf: json)
    }

    mutating func quoted(_ body: (inout [UInt8]) -> Void) {
        bytes.append(UInt8(ascii: "\""))
        body(&bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0..<0x20:
            bytes.append(contentsOf: "\\u00".utf8)
            Hex.append(byte, to: &bytes)
        default:
            bytes.append(byte)
        }
    }

    private mutating func open(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
    }
}

extension String: JSONWritable {
    public func write(to json: inout JSONWriter) { json.string(self) }
}

extension Bool: JSONWritable {
    public func write(to json: inout JSONWriter) { json.raw((self ? "true" : "false").utf8) }
}

extension Int: JSONWritable {
    public func write(to json: inout JSONWriter) { json.raw(String(self).utf8) }
}

extension UInt32: JSONWritable {
    public func write(to json: inout JSONWriter) { json.raw(String(self).utf8) }
}

extension UInt64: JSONWritable {
    public func write(to json: inout JSONWriter) { json.raw(String(self).utf8) }
}

extension Double: JSONWritable {
    /// JSON has no infinities and no NaN: null stands for them.
    public func write(to json: inout JSONWriter) { json.raw((isFinite ? String(self) : "null").utf8) }
}

extension Array: JSONWritable where Element: JSONWritable {
    public func write(to json: inout JSONWriter) { json.array(self) }
}

extension Optional: JSONWritable where Wrapped: JSONWritable {
    public func write(to json: inout JSONWriter) {
        if let self { self.write(to: &json) } else { json.raw("null".utf8) }
    }
}
