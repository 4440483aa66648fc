extension ValueType {
    /// From the environment or a flag: items with commas between them.
    static func list<Item>(of item: ValueType<Item>, name: String) -> ValueType where Value == [Item] {
        let expected = "a list of \(name)"
        return ValueType(
            name: expected,
            read: { raw throws(Unacceptable) in
                try readAll(try raw.items(expected: expected)) { raw throws(Unacceptable) in try item.read(raw) }
            },
            show: { $0.map(item.show).joined(separator: ", ") }
        )
    }
}

/// Reads every item, so that all complaints come at once and not the first only.
private func readAll<Item>(
    _ items: [RawValue],
    read: (RawValue) throws(Unacceptable) -> Item
) throws(Unacceptable) -> [Item] {
    var values: [Item] = []
    var complaints: [Unacceptable.Complaint] = []
    for (index, item) in items.enumerated() {
        do throws(Unacceptable) {
            values.append(try read(item))
        } catch {
            complaints += error.complaints.map { $0.inside("[\(index)]", of: item) }
        }
    }
    guard complaints.isEmpty else { throw Unacceptable(complaints) }
    return values
}

extension Unacceptable.Complaint {
    fileprivate func inside(_ part: String, of raw: RawValue) -> Self {
        Self(position: position ?? raw.position, part: part + self.part, message: message)
    }
}

extension RawValue {
    fileprivate func items(expected name: String) throws(Unacceptable) -> [RawValue] {
        switch content {
        case .list(let items): items
        case .text(let text):
            text.split(separator: ",").map { .text(String($0).trimmingSpaces()) }
        case .scalar, .mapping, .null: throw Unacceptable(self, expected: name)
        }
    }

    fileprivate func entries(expected name: String) throws(Unacceptable) -> [Entry] {
        guard case .mapping(let entries) = content else { throw Unacceptable(self, expected: name) }
        return entries
    }
}

extension String {
    fileprivate func trimmingSpaces() -> String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

extension ValueType where Value == [TrustedOrg] {
    /// From the environment: `name=ed25519:…,other=ed25519:…`.
    static var trustedOrgs: ValueType {
        ValueType(
            name: "a list of organisations, each with `name` and `public_key`",
            read: { raw throws(Unacceptable) in
                let items = try raw.items(expected: "a list of organisations, each with name and public_key")
                let orgs = try readAll(items) { raw throws(Unacceptable) in try TrustedOrg(raw) }
                try refuseRepeatedNames(orgs, items)
                return orgs
            },
            show: { $0.map { "\($0.name)=\($0.publicKey)" }.joined(separator: ", ") }
        )
    }

    private static func refuseRepeatedNames(_ orgs: [TrustedOrg], _ items: [RawValue]) throws(Unacceptable) {
        var seen: Set<String> = []
        for (org, item) in zip(orgs, items) where !seen.insert(org.name).inserted {
            throw Unacceptable(item, "the organisation '\(org.name)' is listed twice")
        }
    }
}

extension TrustedOrg {
    fileprivate init(_ raw: RawValue) throws(Unacceptable) {
        if case .text(let text) = raw.content {
            try self.init(assignment: text)
        } else {
            try self.init(mapping: raw)
        }
    }

    private init(assignment text: String) throws(Unacceptable) {
        guard let equals = text.firstIndex(of: "=") else {
            throw Unacceptable(.text(text), expected: "name=ed25519:…")
        }
        let name = try ValueType.identifier.read(.text(String(text[..<equals])))
        let key = try ValueType.publicKey.read(.text(String(text[text.index(after: equals)...])))
        self.init(name: name, publicKey: key)
    }

    private init(mapping raw: RawValue) throws(Unacceptable) {
        let expected = "a mapping with name and public_key"
        let fields = try raw.fields(["name": .identifier, "public_key": .publicKey], expected: expected)
        guard let name = fields["name"], let publicKey = fields["public_key"] else {
            throw Unacceptable(raw, "needs both name and public_key")
        }
        self.init(name: name, publicKey: publicKey)
    }
}

extension RawValue {
    /// The texts of a mapping whose keys are known.
    fileprivate func fields(
        _ types: KeyValuePairs<String, ValueType<String>>,
        expected: String
    ) throws(Unacceptable) -> [String: String] {
        var values: [String: String] = [:]
        var complaints: [Unacceptable.Complaint] = []
        for entry in try entries(expected: expected) {
            do throws(Unacceptable) {
                values[entry.key] = try entry.read(types)
            } catch {
                complaints += error.complaints
            }
        }
        guard complaints.isEmpty else { throw Unacceptable(complaints) }
        return values
    }
}

extension RawValue.Entry {
    fileprivate func read(_ types: KeyValuePairs<String, ValueType<String>>) throws(Unacceptable) -> String {
        try refuseRepetition()
        guard let type = types.first(where: { $0.key == key })?.value else {
            let message = "unknown key \(quote(key))\(didYouMean(nearest(key, among: types.map(\.key))))"
            throw Unacceptable([.init(position: position, message: message)])
        }
        do throws(Unacceptable) {
            return try type.read(value)
        } catch {
            throw Unacceptable(error.complaints.map { $0.inside(".\(key)", of: value) })
        }
    }

    fileprivate func refuseRepetition() throws(Unacceptable) {
        guard let firstPosition else { return }
        throw Unacceptable([.init(position: position, message: repetition(of: key, first: firstPosition))])
    }
}

/// One wording wherever a mapping repeats a key.
func repetition(of key: String, first: Position) -> String {
    "duplicate key \(quote(key)), first on line \(first.line)"
}

extension ValueType where Value == [KafkaCluster] {
    static var kafkaClusters: ValueType {
        let name = "a mapping of cluster names, each with `bootstrap_servers`"
        return ValueType(
            name: name,
            read: { raw throws(Unacceptable) in
                var clusters: [KafkaCluster] = []
                for entry in try raw.entries(expected: name) {
                    try entry.refuseRepetition()
                    clusters.append(try KafkaCluster(entry))
                }
                return clusters
            },
            show: { $0.map(\.name).joined(separator: ", ") }
        )
    }
}

extension KafkaCluster {
    fileprivate init(_ entry: RawValue.Entry) throws(Unacceptable) {
        let inner = try entry.value.entries(expected: "a mapping with bootstrap_servers")
        guard inner.count == 1, let servers = inner.first, servers.key == "bootstrap_servers" else {
            throw Unacceptable(entry.value, "expected the one key bootstrap_servers under '\(entry.key)'")
        }
        let type = ValueType<[HostPort]>.list(of: .remoteAddress, name: "hosts with their ports")
        self.init(name: entry.key, bootstrapServers: try type.read(servers.value))
    }
}
