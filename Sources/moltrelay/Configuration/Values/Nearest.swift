/// The candidate that a slip of the finger would turn into `word`: at most one change in three characters, the first
/// of the best. nil where nothing is that near.
func nearest(_ word: String, among candidates: some Sequence<String>) -> String? {
    let tolerance = max(1, word.count / 3)
    var best: (distance: Int, candidate: String)?
    for candidate in candidates {
        let distance = editDistance(Array(word.utf8), Array(candidate.utf8))
        guard distance <= tolerance, distance < candidate.utf8.count, distance < best?.distance ?? .max else {
            continue
        }
        best = (distance, candidate)
    }
    return best?.candidate
}

/// Insertions, deletions, substitutions and swaps of neighbours that turn one into the other. Keys are short; what is
/// longer than 128 bytes is never near.
func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    guard left.count <= 128, right.count <= 128 else { return .max }
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in 0..<left.count {
        var current = [row + 1]
        for column in 0..<right.count {
            let substitution = last[column] + (left[row] == right[column] ? 0 : 1)
            var distance = min(substitution, last[column + 1] + 1, current[column] + 1)
            let isSwap = row > 0 && column > 0 && left[row] == right[column - 1] && left[row - 1] == right[column]
            if isSwap { distance = min(distance, beforeLast[column - 1] + 1) }
            current.append(distance)
        }
        beforeLast = last
        last = current
    }
    return last[right.count]
}
