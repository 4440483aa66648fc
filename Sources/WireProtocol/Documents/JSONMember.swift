/// Finds one member's value in a JSON object as the bytes it was written with. A signature is over those bytes, so they
/// must not pass through a decoder first.
enum JSONMember {
    /// The first value under `name` in the outermost object; nil where it is absent, or written with escapes.
    /// - Parameter json: valid JSON. Anything else gives some answer, and never traps.
    static func value(of name: String, in json: [UInt8]) -> [UInt8]? {
        var scanner = JSONScanner(json: json)
        guard scanner.take(UInt8(ascii: "{")) else { return nil }
        while let key = scanner.stringBody() {
            guard scanner.take(UInt8(ascii: ":")) else { return nil }
            let value = scanner.value()
            if key.elementsEqual(name.utf8) { return Array(value) }
            guard scanner.take(UInt8(ascii: ",")) else { return nil }
        }
        return nil
    }
}
