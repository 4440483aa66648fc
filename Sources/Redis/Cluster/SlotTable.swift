/// Which node has which slots, as one of them told.
struct SlotTable: Equatable {
    typealias Address = RedisSettings.Address

    private var ranges: [(slots: ClosedRange<Int>, primary: Address)] = []
    /// Learned since.
    private var moved: [Int: Address] = [:]
    /// With the replicas.
    private(set) var nodes: [Address] = []

    init() {}

    /// - Parameters:
    ///   - reply: to CLUSTER SLOTS.
    ///   - node: who told: a host that it does not know is its own.
    init?(_ reply: RedisReply, from node: Address) {
        guard let entries = reply.array else { return nil }
        for entry in entries {
            guard let parts = entry.array, parts.count >= 3, let first = parts[0].integer, let last = parts[1].integer,
                0 <= first, first <= last, last < KeySlot.count
            else { return nil }
            let addresses = parts.dropFirst(2).compactMap { Address($0, of: node) }
            guard addresses.count == parts.count - 2 else { return nil }
            ranges.append((Int(first)...Int(last), addresses[0]))
            for address in addresses where !nodes.contains(address) { nodes.append(address) }
        }
    }

    var primaries: Set<Address> { Set(ranges.map(\.primary)).union(moved.values) }

    func owner(of slot: Int) -> Address? { moved[slot] ?? ranges.first { $0.slots.contains(slot) }?.primary }

    mutating func move(_ slot: Int, to address: Address) { moved[slot] = address }

    static func == (a: Self, b: Self) -> Bool {
        a.nodes == b.nodes && a.moved == b.moved && a.ranges.elementsEqual(b.ranges) { $0 == $1 }
    }
}

extension RedisSettings.Address {
    /// An endpoint in an answer to CLUSTER SLOTS: host, port, and what is of no use here.
    fileprivate init?(_ reply: RedisReply, of node: Self) {
        guard let parts = reply.array, parts.count >= 2, let port = parts[1].integer else { return nil }
        let host = parts[0].text ?? ""
        self.init(host: host.isEmpty || host == "?" ? node.host : host, port: Int(port))
    }
}
