/// How near the process is to `limits.max_memory_bytes`. Whoever watches it does so off the loops.
public enum MemoryLevel: String, Sendable {
    case normal
    /// No new connections.
    case tight
    /// Nor new messages.
    case full
}

/// Turns at two watermarks, and back only well below each, so that the level does not flap with every message.
public struct MemoryWatermarks: Sendable, Equatable {
    /// nil is none.
    public var ceiling: Int?
    public private(set) var level = MemoryLevel.normal

    /// Of a hundred parts of the ceiling: where a level begins, and below what it ends.
    static let tight = (begins: 85, ends: 80)
    static let full = (begins: 95, ends: 90)

    public init(ceiling: Int?) { self.ceiling = ceiling }

    /// - Returns: whether the level turned.
    public mutating func looked(bytes: Int) -> Bool {
        let before = level
        level = next(bytes)
        return level != before
    }

    private func next(_ bytes: Int) -> MemoryLevel {
        guard let ceiling, ceiling > 0 else { return .normal }
        let part = Double(bytes) / Double(ceiling) * 100
        func isPast(_ mark: (begins: Int, ends: Int), from levels: MemoryLevel...) -> Bool {
            part >= Double(levels.contains(level) ? mark.ends : mark.begins)
        }
        if isPast(Self.full, from: .full) { return .full }
        return isPast(Self.tight, from: .tight, .full) ? .tight : .normal
    }
}
