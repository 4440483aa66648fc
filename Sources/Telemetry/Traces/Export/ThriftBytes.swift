/// Thrift's binary protocol, as far as Jaeger's batch needs it: a field is its type and number, numbers are big-endian,
/// a zero ends a struct.
extension [UInt8] {
    private enum ThriftType: UInt8 {
        case bool = 2
        case double = 4
        case i32 = 8
        case i64 = 10
        case string = 11
        case structure = 12
        case list = 15
    }

    mutating func appendThrift(_ field: Int16, bool value: Bool) {
        appendHead(field, .bool)
        append(value ? 1 : 0)
    }

    mutating func appendThrift(_ field: Int16, double value: Double) {
        appendHead(field, .double)
        appendBigEndian(value.bitPattern)
    }

    /// Enumerations too.
    mutating func appendThrift(_ field: Int16, i32 value: Int32) {
        appendHead(field, .i32)
        appendBigEndian(value)
    }

    mutating func appendThrift(_ field: Int16, i64 value: Int64) {
        appendHead(field, .i64)
        appendBigEndian(value)
    }

    mutating func appendThrift(_ field: Int16, text: String) {
        appendHead(field, .string)
        appendBigEndian(Int32(truncatingIfNeeded: text.utf8.count))
        append(contentsOf: text.utf8)
    }

    mutating func appendThrift(_ field: Int16, _ body: (inout [UInt8]) -> Void) {
        appendHead(field, .structure)
        body(&self)
        append(0)
    }

    /// A list of structs.
    mutating func appendThrift<Item>(
        _ field: Int16,
        list: [Item],
        _ body: (Item, inout [UInt8]) -> Void
    ) {
        appendHead(field, .list)
        append(ThriftType.structure.rawValue)
        appendBigEndian(Int32(truncatingIfNeeded: list.count))
        for element in list {
            body(element, &self)
            append(0)
        }
    }

    private mutating func appendHead(_ field: Int16, _ type: ThriftType) {
        append(type.rawValue)
        appendBigEndian(field)
    }

    private mutating func appendBigEndian(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
