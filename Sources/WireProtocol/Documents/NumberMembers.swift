/// A number that does not fit its member (1.5, -1, 2^64 for a whole number) makes JSONDecoder call the whole document
/// "not valid JSON". Agents that send fractions of milliseconds must read which member it was. These shadow the methods
/// that derived `Decodable` conformances of this module call.
extension KeyedDecodingContainer {
    func decode(_: UInt64.Type, forKey key: Key) throws -> UInt64 {
        try decode(Number<UInt64>.self, forKey: key).value
    }

    func decode(_: UInt32.Type, forKey key: Key) throws -> UInt32 {
        try decode(Number<UInt32>.self, forKey: key).value
    }

    func decode(_: Int.Type, forKey key: Key) throws -> Int {
        try decode(Number<Int>.self, forKey: key).value
    }

    func decodeIfPresent(_: UInt64.Type, forKey key: Key) throws -> UInt64? {
        try decodeIfPresent(Number<UInt64>.self, forKey: key)?.value
    }

    func decodeIfPresent(_: UInt32.Type, forKey key: Key) throws -> UInt32? {
        try decodeIfPresent(Number<UInt32>.self, forKey: key)?.value
    }

    func decodeIfPresent(_: Int.Type, forKey key: Key) throws -> Int? {
        try decodeIfPresent(Number<Int>.self, forKey: key)?.value
    }
}

private struct Number<Value: FixedWidthInteger & Decodable>: Decodable {
    let value: Value

    init(from decoder: any Decoder) throws {
        do {
            value = try decoder.singleValueContainer().decode(Value.self)
        } catch let error as DecodingError {
            throw error
        } catch {
            // Not a DecodingError yet: the decoder makes one, without the path, where it gives up.
            let kind = Value.isSigned ? "a whole number" : "a whole number from 0 to \(Value.max)"
            throw DocumentError.wrong(at: decoder.codingPath, expected: kind)
        }
    }
}
