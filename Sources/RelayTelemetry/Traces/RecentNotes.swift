import WireProtocol

/// What was noted of messages lately, bounded: in two generations, of which the older is forgotten when the younger is
/// full.
struct RecentNotes<Note> {
    private let maxYoung: Int
    private var young: [MessageID: Note] = [:]
    private var old: [MessageID: Note] = [:]
    /// Since it was last asked for.
    private var forgotten = 0

    /// - Parameter maxMessages: at least half as many are always remembered.
    init(maxMessages: Int) { maxYoung = max(1, maxMessages / 2) }

    var isEmpty: Bool { young.isEmpty && old.isEmpty }

    subscript(id: MessageID) -> Note? { young[id] ?? old[id] }

    mutating func note(_ note: Note, of id: MessageID) {
        if young.count >= maxYoung, young[id] == nil {
            forgotten += old.count
            old = young
            young = [:]
        }
        old[id] = nil
        young[id] = note
    }

    mutating func take(_ id: MessageID) -> Note? { young.removeValue(forKey: id) ?? old.removeValue(forKey: id) }

    mutating func takeForgotten() -> Int {
        defer { forgotten = 0 }
        return forgotten
    }
}
