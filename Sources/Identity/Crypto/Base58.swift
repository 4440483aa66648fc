/// base58btc: Bitcoin's alphabet, without checksum.
enum Base58 {
    private static let alphabet = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)

    /// Decoding takes time quadratic in the length: 32 bytes are at most 44 digits, and nothing longer is tried.
    static let maxDigits = 44

    /// nil for a character outside the alphabet, or more than 44 of them.
    static func decode(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= maxDigits else { return nil }
        var littleEndian: [UInt8] = []
        for character in text.utf8 {
            guard let digit = alphabet.firstIndex(of: character) else { return nil }
            var carry = digit
            for index in littleEndian.indices {
                carry += Int(littleEndian[index]) * 58
                littleEndian[index] = UInt8(truncatingIfNeeded: carry)
                carry >>= 8
            }
            while carry > 0 {
                littleEndian.append(UInt8(truncatingIfNeeded: carry))
                carry >>= 8
            }
        }
        let leadingZeros = text.utf8.prefix { $0 == alphabet[0] }.count
        return [UInt8](repeating: 0, count: leadingZeros) + littleEndian.reversed()
    }
}
