import Foundation

/// What commands say to people beside their result.
enum Terminal {
    /// Empties the screen, and the cursor home.
    static let clear = "\u{1B}[H\u{1B}[2J"

    static func note(_ text: String) throws {
        try FileHandle.standardError.write(contentsOf: Data("moltrelay: \(text)\n".utf8))
    }

    static func print(_ text: String) throws {
        try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    }

    /// Text of a stranger, with what a terminal would obey written out. Lines and tabs stay.
    static func harmless(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            let isPlain = scalar == "\n" || scalar == "\t" || !Self.isControl(scalar)
            result += isPlain ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
        }
    }

    /// Bidirectional controls among them: they let a line read as another.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: scalar.properties.isBidiControl
        }
    }
}
