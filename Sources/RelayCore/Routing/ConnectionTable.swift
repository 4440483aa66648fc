/// The connections of one event loop by slot.
struct ConnectionTable {
    private struct Slot {
        var generation: UInt32 = 0
        var connection: Connection?
    }

    private let loop: Int
    private var slots: [Slot] = []
    private var free: [UInt32] = []
    private(set) var count = 0

    init(loop: Int) { self.loop = loop }

    mutating func insert(_ make: (ConnectionRef) -> Connection) -> Connection {
        let slot = free.popLast() ?? UInt32(slots.count)
        if slot == slots.count { slots.append(Slot()) }
        slots[Int(slot)].generation &+= 1
        let ref = ConnectionRef(loop: UInt16(loop), slot: slot, generation: slots[Int(slot)].generation)
        let connection = make(ref)
        slots[Int(slot)].connection = connection
        count += 1
        return connection
    }

    mutating func remove(_ ref: ConnectionRef) {
        guard self[ref] != nil else { return }
        slots[Int(ref.slot)].connection = nil
        free.append(ref.slot)
        count -= 1
    }

    /// nil for a connection that is gone, whoever has its slot now.
    subscript(ref: ConnectionRef) -> Connection? {
        guard ref.slot < slots.count, slots[Int(ref.slot)].generation == ref.generation else { return nil }
        return slots[Int(ref.slot)].connection
    }

    func visit(from slot: Int, slots count: Int, _ body: (Connection) -> Void) -> Int? {
        let end = min(slot + count, slots.count)
        for index in slot..<max(slot, end) {
            if let connection = slots[index].connection { body(connection) }
        }
        return end < slots.count ? end : nil
    }

    var all: [Connection] { slots.compactMap(\.connection) }
}
