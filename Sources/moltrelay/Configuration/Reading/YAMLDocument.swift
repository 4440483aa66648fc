import Yams

/// A YAML text as raw values. What stops the whole text from being read is `problem`; keys that repeat do not.
struct YAMLDocument {
    struct Problem: Error, Equatable {
        var position: Position?
        var message: String
    }

    /// Aliases count each time they are used: without a bound ten lines of them stand for millions of values.
    static let maxValues = 20_000
    /// Repeated keys that are reported before the text is given up.
    static let maxRepetitions = 32

    /// nil where the text holds nothing but comments.
    private(set) var root: RawValue?

    init(_ text: String) throws(Problem) {
        var repetitions = RepeatedKeys()
        var node: Node?
        var current = text
        while true {
            do {
                node = try Yams.compose(yaml: current)
                break
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let first = Position(line: context.mark.line, column: context.mark.column)
                guard let renamed = repetitions.rename(first, in: current) else {
                    throw Problem(position: first, message: "duplicate key \(names.map(quote).joined(separator: ", "))")
                }
                current = renamed
            } catch {
                throw Problem(error, in: current)
            }
        }
        var budget = Self.maxValues
        root = try node.map { node throws(Problem) in
            try RawValue(node, budget: &budget, repetitions: repetitions)
        }
    }
}

/// Yams stops at the first mapping that repeats a key. To go on, and to tell both places, the first of the equal keys
/// is overwritten with as many characters nobody writes, so that no position moves.
struct RepeatedKeys {
    private var names: [Position: String] = [:]

    /// The text with the key at `position` renamed; nil where it is not found there or too many repeat.
    mutating func rename(_ position: Position, in text: String) -> String? {
        guard names.count < YAMLDocument.maxRepetitions, let start = text.index(of: position) else { return nil }
        let quotes: Set<Unicode.Scalar> = ["\"", "'"]
        let keyStart = quotes.contains(text.unicodeScalars[start]) ? text.unicodeScalars.index(after: start) : start
        let key = text.unicodeScalars[keyStart...].prefix { $0 != ":" && $0 != "\n" && !quotes.contains($0) }
        guard !key.isEmpty, let substitute = Unicode.Scalar(0xE000 + UInt32(names.count)) else { return nil }
        names[position] = String(key)
        var renamed = text
        let filler = String(repeating: Character(substitute), count: key.count)
        renamed.unicodeScalars.replaceSubrange(key.startIndex..<key.endIndex, with: filler.unicodeScalars)
        return renamed
    }

    /// The name that stood at `position` in the text as it was written.
    func name(at position: Position) -> String? { names[position] }
}

extension String {
    /// Lines end at LF; columns count Unicode scalars.
    fileprivate func index(of position: Position) -> String.Index? {
        var line = 1
        var index = unicodeScalars.startIndex
        while line < position.line {
            guard let end = unicodeScalars[index...].firstIndex(of: "\n") else { return nil }
            index = unicodeScalars.index(after: end)
            line += 1
        }
        let target = unicodeScalars.index(index, offsetBy: position.column - 1, limitedBy: unicodeScalars.endIndex)
        return target == unicodeScalars.endIndex ? nil : target
    }
}

extension RawValue {
    fileprivate init(
        _ node: Node,
        budget: inout Int,
        repetitions: RepeatedKeys
    ) throws(YAMLDocument.Problem) {
        position = node.mark.map { Position(line: $0.line, column: $0.column) }
        budget -= 1
        guard budget > 0 else {
            throw .init(
                position: position,
                message: "more than \(YAMLDocument.maxValues) values, counting each use of an alias"
            )
        }
        switch node {
        case .scalar(let scalar):
            content = Content(scalar)
        case .sequence(let sequence):
            var items: [RawValue] = []
            for item in sequence { items.append(try RawValue(item, budget: &budget, repetitions: repetitions)) }
            content = .list(items)
        case .mapping(let mapping):
            content = .mapping(try mappingEntries(of: mapping, budget: &budget, repetitions: repetitions))
        case .alias:
            throw .init(position: position, message: "an alias that stands for nothing")
        }
    }
}

extension RawValue.Content {
    fileprivate init(_ scalar: Node.Scalar) {
        let isPlain = scalar.style == .plain || scalar.style == .any
        let isNull = isPlain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
        self = isNull ? .null : .scalar(scalar.string, isQuoted: !isPlain)
    }
}

private func mappingEntries(
    of mapping: Node.Mapping,
    budget: inout Int,
    repetitions: RepeatedKeys
) throws(YAMLDocument.Problem) -> [RawValue.Entry] {
    var entries: [RawValue.Entry] = []
    for (key, value) in mapping {
        let position = key.mark.map { Position(line: $0.line, column: $0.column) } ?? Position(line: 1, column: 1)
        guard case .scalar(let scalar) = key else {
            throw .init(position: position, message: "a key must be a word, not a list or a mapping")
        }
        entries.append(
            RawValue.Entry(
                key: repetitions.name(at: position) ?? scalar.string,
                position: position,
                value: try RawValue(value, budget: &budget, repetitions: repetitions)
            )
        )
    }
    return withRepetitionsMarked(entries)
}

private func withRepetitionsMarked(_ entries: [RawValue.Entry]) -> [RawValue.Entry] {
    var first: [String: Position] = [:]
    return entries.map { entry in
        var entry = entry
        entry.firstPosition = first[entry.key]
        first[entry.key] = first[entry.key] ?? entry.position
        return entry
    }
}

extension YAMLDocument.Problem {
    fileprivate init(_ error: any Error, in text: String) {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let context = context.map { " (\($0.text) that began on line \($0.mark.line))" } ?? ""
            self.init(
                position: Position(line: mark.line, column: mark.column),
                message: "not YAML: \(problem)\(context)"
            )
        case .reader(let problem, let offset, _, _):
            self.init(position: offset.map { Position(ofCharacter: $0, in: text) }, message: "not YAML: \(problem)")
        default:
            self.init(position: nil, message: "not YAML")
        }
    }
}

extension Position {
    fileprivate init(ofCharacter offset: Int, in text: String) {
        let before = text.prefix(offset)
        let lineStart = before.lastIndex(where: \.isNewline).map { before.index(after: $0) } ?? before.startIndex
        line = before.count(where: \.isNewline) + 1
        column = before[lineStart...].unicodeScalars.count + 1
    }
}
