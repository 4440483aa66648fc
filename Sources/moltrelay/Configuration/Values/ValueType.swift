/// What a setting's value may be: how it is read, how it is printed, what the reference calls it.
struct ValueType<Value: Sendable>: Sendable {
    /// As in "expected \(name)".
    let name: String
    let read: @Sendable (RawValue) throws(Unacceptable) -> Value
    let show: @Sendable (Value) -> String
}

/// Why a value was not taken: one complaint for each place in it that is wrong.
struct Unacceptable: Error {
    struct Complaint: Sendable, Equatable {
        /// nil: the value as a whole.
        var position: Position?
        /// The part inside the value, such as `[1].public_key`; empty for the whole.
        var part = ""
        var message: String
    }

    var complaints: [Complaint]

    init(_ complaints: [Complaint]) { self.complaints = complaints }

    init(_ raw: RawValue, _ message: String) {
        complaints = [Complaint(position: raw.position, message: message)]
    }

    init(_ raw: RawValue, expected: String, meant suggestion: String? = nil) {
        let found = raw.singleText.map { "found \(quote($0))" } ?? "found \(raw.shape)"
        self.init(raw, "expected \(expected), \(found)\(didYouMean(suggestion))")
    }
}

/// `, did you mean 'listen'?`, or nothing.
func didYouMean(_ suggestion: String?) -> String {
    suggestion.map { ", did you mean '\($0)'?" } ?? ""
}

/// In quotes, at most 80 characters.
func quote(_ text: String) -> String {
    let start = String(String.UnicodeScalarView(text.unicodeScalars.prefix(80)))
    return "'" + visible(start) + (text.unicodeScalars.count > 80 ? "…" : "") + "'"
}

/// What a value may hold and a terminal or a log must not be sent: escape sequences, line ends, changes of direction.
func visible(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: scalar.escaped(asASCII: true)
        default: String(scalar)
        }
    }.joined()
}

extension RawValue {
    /// The characters of a value that is not a list, a mapping or nothing.
    var singleText: String? {
        switch content {
        case .scalar(let text, _), .text(let text): text
        case .list, .mapping, .null: nil
        }
    }

    var isQuoted: Bool {
        if case .scalar(_, isQuoted: true) = content { true } else { false }
    }

    func text(expected name: String) throws(Unacceptable) -> String {
        guard let singleText else { throw Unacceptable(self, expected: name) }
        return singleText
    }
}

extension ValueType {
    /// A type whose values are one piece of text that `parse` understands.
    static func parsed(
        _ name: String,
        show: @escaping @Sendable (Value) -> String,
        suggest: @escaping @Sendable (String) -> String? = { _ in nil },
        parse: @escaping @Sendable (String) -> Value?
    ) -> ValueType {
        ValueType(
            name: name,
            read: { raw throws(Unacceptable) in
                guard let value = parse(try raw.text(expected: name)) else {
                    throw Unacceptable(raw, expected: name, meant: raw.singleText.flatMap(suggest))
                }
                return value
            },
            show: show
        )
    }

    var optional: ValueType<Value?> {
        ValueType<Value?>(
            name: name,
            read: { raw throws(Unacceptable) in try read(raw) },
            show: { $0.map(show) ?? "" }
        )
    }
}
