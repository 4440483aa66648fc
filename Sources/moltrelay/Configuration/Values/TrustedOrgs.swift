import Identity

extension ValueType where Value == [TrustedOrg] {
    /// From the environment: `name=ed25519:…,other=ed25519:…`.
    static var trustedOrgs: ValueType {
        let name = "a list of organisations, each with name and public_key"
        return ValueType(
            name: name,
            read: { raw throws(Unacceptable) in
                let items = try raw.items(expected: name)
                let orgs = try readAll(items) { raw throws(Unacceptable) in try trustedOrg(raw) }
                try refuseRepeatedNames(orgs, items)
                return orgs
            },
            show: { $0.map { "\($0.name)=\($0.publicKey.text)" }.joined(separator: ", ") }
        )
    }

    private static func refuseRepeatedNames(_ orgs: [TrustedOrg], _ items: [RawValue]) throws(Unacceptable) {
        var seen: Set<String> = []
        for (org, item) in zip(orgs, items) where !seen.insert(org.name).inserted {
            throw Unacceptable(item, "the organisation '\(org.name)' is listed twice")
        }
    }
}

private func trustedOrg(_ raw: RawValue) throws(Unacceptable) -> TrustedOrg {
    if case .text(let text) = raw.content { return try trustedOrg(assignment: text) }
    let expected = "a mapping with name and public_key"
    var record = try RecordReader(raw, keys: ["name", "public_key"], expected: expected)
    let name = record.value("name", .identifier)
    let publicKey = record.value("public_key", .publicKey)
    try record.finish()
    guard let name, let publicKey else { throw Unacceptable(raw, expected: expected) }
    return TrustedOrg(name: name, publicKey: publicKey)
}

private func trustedOrg(assignment text: String) throws(Unacceptable) -> TrustedOrg {
    guard let equals = text.firstIndex(of: "=") else { throw Unacceptable(.text(text), expected: "name=ed25519:…") }
    let name = try ValueType.identifier.read(.text(String(text[..<equals])))
    let publicKey = try ValueType.publicKey.read(.text(String(text[text.index(after: equals)...])))
    return TrustedOrg(name: name, publicKey: publicKey)
}

extension ValueType where Value == Ed25519.PublicKey {
    static var publicKey: ValueType {
        let name = "a public key, 'ed25519:' and 32 bytes in base64"
        return ValueType(
            name: name,
            read: { raw throws(Unacceptable) in
                let text = try raw.text(expected: name)
                do throws(Ed25519.KeyError) {
                    return try Ed25519.PublicKey(text: text)
                } catch .text {
                    throw Unacceptable(raw, expected: name)
                } catch {
                    throw Unacceptable(raw, "\(quote(text)) is no usable key: \(error)")
                }
            },
            show: { $0.text }
        )
    }
}
