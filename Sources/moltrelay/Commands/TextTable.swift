/// Rows under their titles, in columns as wide as what they hold: numbers to the right, words to the left.
struct TextTable {
    enum Side {
        case left, right
    }

    private let columns: [(title: String, side: Side)]
    private var rows: [[String]] = []

    init(_ columns: [(title: String, side: Side)]) { self.columns = columns }

    mutating func append(_ row: [String]) { rows.append(row) }

    /// Without a newline at its end.
    var text: String {
        let lines = [columns.map(\.title)] + rows
        let widths = columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            columns.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - line[column].count)
                return columns[column].side == .left ? line[column] + space : space + line[column]
            }.joined(separator: "  ").trimmed
        }.joined(separator: "\n")
    }
}

/// A number of bytes as people read it: `1.5 MiB`.
func byteText(_ bytes: some BinaryInteger) -> String {
    var value = Double(bytes)
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1_024 {
            return unit == "B" ? "\(Int(value)) B" : "\(tenths(value)) \(unit)"
        }
        value /= 1_024
    }
    return "\(tenths(value)) TiB"
}

private func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

/// `1 message`, `2 messages`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
