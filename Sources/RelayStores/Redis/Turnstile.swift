import DequeModule

/// Lets completions out in the order in which their calls came.
struct Turnstile {
    typealias Completion = () -> Void

    private var waiting: Deque<Completion?> = []
    private var first = 0

    mutating func enter() -> Int {
        waiting.append(nil)
        return first + waiting.count - 1
    }

    /// - Returns: those whose turn it is now.
    mutating func finish(_ ticket: Int, _ completion: @escaping Completion) -> [Completion] {
        waiting[ticket - first] = completion
        var out: [Completion] = []
        while case .some(.some(let next)) = waiting.first {
            waiting.removeFirst()
            first += 1
            out.append(next)
        }
        return out
    }
}
