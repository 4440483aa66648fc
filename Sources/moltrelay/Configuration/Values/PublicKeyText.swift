import FoundationEssentials

extension ValueType where Value == String {
    /// The text form of an Ed25519 public key: 32 bytes in base64, or in base58btc.
    static var publicKey: ValueType {
        .parsed("a public key, 'ed25519:' and 32 bytes in base64", show: { $0 }) { text in
            guard text.hasPrefix("ed25519:") else { return nil }
            let encoded = text.dropFirst("ed25519:".count)
            return isBase64Key(encoded) || isBase58Key(encoded) ? text : nil
        }
    }
}

private func isBase64Key(_ text: Substring) -> Bool {
    let padded = text.utf8.count == 43 ? text + "=" : text
    return Data(base64Encoded: String(padded))?.count == 32
}

/// 32 bytes take 43 or 44 digits (less with leading zero bytes, which no honest key has). The digits are checked
/// here, the number they make where the key is used.
private func isBase58Key(_ text: Substring) -> Bool {
    let digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    return (43...44).contains(text.utf8.count) && text.allSatisfy(digits.contains)
}
