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
func readAll<Item>(
    _ items: [RawValue],
    read: (RawValue) throws(Unacceptable) -> Item
) throws(Unacceptable) -> [Item] {
    try readAll(items.enumerated().map { ("[\($0)]", $1, $1) }, read: read)
}

/// - Parameter parts: what complaints call each part, its value, and what to read it from.
func readAll<Source, Item>(
    _ parts: [(name: String, value: RawValue, source: Source)],
    read: (Source) throws(Unacceptable) -> Item
) throws(Unacceptable) -> [Item] {
    var values: [Item] = []
    var complaints: [Unacceptable.Complaint] = []
    for part in parts {
        do throws(Unacceptable) {
            values.append(try read(part.source))
        } catch {
            complaints += error.complaints.map { $0.inside(part.name, of: part.value) }
        }
    }
    guard complaints.isEmpty else { throw Unacceptable(complaints) }
    return values
}

extension Unacceptable.Complaint {
    func inside(_ part: String, of raw: RawValue) -> Self {
        Self(position: position ?? raw.position, part: part + self.part, message: message)
    }
}

extension RawValue {
    func items(expected name: String) throws(Unacceptable) -> [RawValue] {
        switch content {
        case .list(let items): items
        case .text(let text):
            text.split(separator: ",").map { .text(String($0).trimmingSpaces()) }
        case .scalar, .mapping, .null: throw Unacceptable(self, expected: name)
        }
    }

    func entries(expected name: String) throws(Unacceptable) -> [Entry] {
        guard case .mapping(let entries) = content else { throw Unacceptable(self, expected: name) }
        return entries
    }
}

extension String {
    fileprivate func trimmingSpaces() -> String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
