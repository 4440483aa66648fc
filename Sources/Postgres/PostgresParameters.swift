import CLibpq
public import NIOCore

/// Values of `$1` and so on, in PostgreSQL's binary form. Each statement casts them (`$1::int8`), so that the server
/// and this agree about their types.
public struct PostgresParameters: Sendable {
    private enum TypeID: UInt32 {
        case bool = 16
        case bytea = 17
        case int8 = 20
        case int2 = 21
    }

    private var bytes = ByteBuffer()
    /// Where each value lies; nil for NULL.
    private var ranges: [Range<Int>?] = []

    public init() {}

    public var count: Int { ranges.count }

    public mutating func reserve(bytes count: Int) { bytes.reserveCapacity(count) }

    public mutating func append(_ value: Int64) { append { $0.writeInteger(value) } }

    public mutating func append(_ text: String?) {
        guard let text else { return ranges.append(nil) }
        append { $0.writeString(text) }
    }

    /// - Parameter write: writes one `bytea`; nil for NULL.
    public mutating func append(bytes write: ((inout ByteBuffer) -> Void)?) {
        guard let write else { return ranges.append(nil) }
        append(write)
    }

    public mutating func append(_ values: [Int64]) {
        append(.int8, values.count) { buffer, index in buffer.writeInteger(values[index]) }
    }

    public mutating func append(_ values: [Int16]) {
        append(.int2, values.count) { buffer, index in buffer.writeInteger(values[index]) }
    }

    public mutating func append(_ values: [Bool]) {
        append(.bool, values.count) { buffer, index in buffer.writeInteger(values[index] ? 1 : 0, as: UInt8.self) }
    }

    /// An array of `bytea`.
    public mutating func append(_ count: Int, _ write: (inout ByteBuffer, Int) -> Void) {
        append(.bytea, count, write)
    }

    private mutating func append(_ value: (inout ByteBuffer) -> Void) {
        let start = bytes.writerIndex
        value(&bytes)
        ranges.append(start..<bytes.writerIndex)
    }

    /// `array_recv`: dimensions, flags, type of the elements, length and lower bound of the one dimension, elements.
    private mutating func append(_ type: TypeID, _ count: Int, _ write: (inout ByteBuffer, Int) -> Void) {
        append { buffer in
            buffer.writeInteger(count > 0 ? 1 : 0, as: Int32.self)
            buffer.writeInteger(0, as: Int32.self)
            buffer.writeInteger(type.rawValue)
            guard count > 0 else { return }
            buffer.writeInteger(Int32(clamping: count))
            buffer.writeInteger(1, as: Int32.self)
            for index in 0..<count {
                let start = buffer.writerIndex
                buffer.writeInteger(0, as: Int32.self)
                write(&buffer, index)
                buffer.setInteger(Int32(clamping: buffer.writerIndex - start - 4), at: start)
            }
        }
    }

    /// What libpq takes.
    func withPointers<Value>(
        _ body: (
            _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?,
            _ formats: UnsafePointer<Int32>?
        ) -> Value
    ) -> Value {
        bytes.withUnsafeReadableBytes { bytes in
            let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            let values = ranges.map { range in range.flatMap { start?.advanced(by: $0.lowerBound) } }
            let lengths = ranges.map { Int32(clamping: $0?.count ?? 0) }
            return body(values, lengths, ranges.map { _ in 1 })
        }
    }
}
