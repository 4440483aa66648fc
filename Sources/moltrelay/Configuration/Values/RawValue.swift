/// 1-based; columns count Unicode scalars, as editors and libyaml do.
struct Position: Sendable, Hashable, Comparable {
    var line: Int
    var column: Int

    static func < (lhs: Self, rhs: Self) -> Bool { (lhs.line, lhs.column) < (rhs.line, rhs.column) }
}

/// A value as it was written, before any setting's type has judged it.
struct RawValue: Sendable, Equatable {
    indirect enum Content: Sendable, Equatable {
        /// A YAML scalar; quotes make it text whatever it looks like.
        case scalar(String, isQuoted: Bool)
        /// From the environment or a flag, which know no types: a list is its items with commas between them.
        case text(String)
        case list([RawValue])
        case mapping([Entry])
        case null
    }

    struct Entry: Sendable, Equatable {
        var key: String
        var position: Position
        /// Where the same key stood first; this entry repeats it.
        var firstPosition: Position?
        var value: RawValue
    }

    var content: Content
    /// nil for what no file holds.
    var position: Position?

    static func text(_ text: String) -> RawValue { RawValue(content: .text(text), position: nil) }

    /// "a list", for messages: they never repeat a value that might be a secret.
    var shape: String {
        switch content {
        case .scalar, .text: "a single value"
        case .list: "a list"
        case .mapping: "a mapping"
        case .null: "nothing"
        }
    }
}
