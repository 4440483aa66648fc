/// A line of parts, some of them in colour; cut where the terminal ends.
struct TopLine: Equatable {
    enum Colour: Int {
        case red = 31
        case green = 32
        case yellow = 33
        case blue = 34
        case dim = 2
        case bold = 1
    }

    struct Part: Equatable {
        var text: String
        var colour: Colour?
    }

    private(set) var parts: [Part]

    init(_ text: String = "", _ colour: Colour? = nil) { parts = [Part(text: text, colour: colour)] }

    static func + (one: TopLine, other: TopLine) -> TopLine {
        var sum = one
        sum.parts += other.parts
        return sum
    }

    var width: Int { parts.reduce(0) { $0 + $1.text.count } }

    var plain: String { parts.map(\.text).joined().trimmed }

    var coloured: String {
        parts.map { part in part.colour.map { "\u{1B}[\($0.rawValue)m\(part.text)\u{1B}[0m" } ?? part.text }.joined()
    }

    func cut(to width: Int) -> TopLine {
        var (cut, left) = (TopLine(), width)
        for part in parts {
            cut.parts.append(Part(text: String(part.text.prefix(left)), colour: part.colour))
            left -= min(left, part.text.count)
        }
        return cut
    }
}
