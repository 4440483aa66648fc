import NIOCore

/// Which node has which slot, a link to each of those that are used, and one to whichever node tells. On its loop
/// alone.
final class ClusterMap {
    typealias Address = RedisSettings.Address

    /// While a slot is away: how often the table is asked for, and the slot tried.
    private static let lookInterval: Int64 = 250_000_000
    /// Then another node is asked, since this one may be parted from the rest.
    private static let looksBeforeTurn = 8

    private static let knowsNothing = RedisFailure.temporary("it knows of no slots")

    let loop: any EventLoop
    private let settings: RedisSettings
    private let question = RedisCommand("CLUSTER", "SLOTS")
    private var guide: Link?
    /// Why there is no table yet.
    private var failure = RedisFailure.temporary("not connected yet")
    private var table = SlotTable()
    private var nodes: [Address: ClusterNode] = [:]
    private var slots: [SlotLink] = []
    private var isAsking = false
    private var look: Scheduled<Void>?
    private var looks = 0
    private let counted: (Redirection?) -> Void

    /// - Parameter counted: a redirection was followed; nil for a table that was told.
    init(_ settings: RedisSettings, on loop: any EventLoop, counted: @escaping (Redirection?) -> Void) {
        (self.settings, self.loop, self.counted) = (settings, loop, counted)
    }

    /// - Parameter tried: what came of the first of the addresses that answered, or of all where none did.
    func start(_ tried: @escaping (Result<Void, RedisFailure>) -> Void) {
        var session = RedisClient.Session()
        session.prepare = [question]
        let this = NIOLoopBound(self, eventLoop: loop)
        session.prepared = { this.value.introduced($0[0]) }
        session.changed = { failure in if let failure { this.value.failure = failure } }
        let guide = Link(settings, session, on: loop)
        self.guide = guide
        guide.start(tried)
    }

    /// The link of a client whose keys all lie in that slot.
    func link(to slot: Int, _ session: RedisClient.Session) -> SlotLink {
        let link = SlotLink(slot, session, in: self)
        slots.append(link)
        return link
    }

    /// - Returns: why there is none where nobody told of one.
    func owner(of slot: Int) -> Result<ClusterNode, RedisFailure> {
        if let address = table.owner(of: slot) { return .success(node(address)) }
        return .failure(table.nodes.isEmpty ? failure : .temporary("CLUSTERDOWN no node has slot \(slot)"))
    }

    func node(_ address: Address) -> ClusterNode {
        if let node = nodes[address] { return node }
        let node = ClusterNode(address, settings, on: loop) { [weak self] node, failure in
            self?.changed(node, failure)
        }
        nodes[address] = node
        return node
    }

    func moved(_ slot: Int, to address: Address) {
        counted(.moved(address))
        table.move(slot, to: address)
        // It knows what others are still to hear.
        ask(node(address))
    }

    func asked(_ address: Address) -> ClusterNode {
        counted(.ask(address))
        return node(address)
    }

    /// A slot is away.
    func lookAround() {
        guard look == nil, guide != nil else { return }
        let delay = TimeAmount.nanoseconds(Self.lookInterval - Int64.random(in: 0..<(Self.lookInterval / 2)))
        look = loop.assumeIsolated().scheduleTask(in: delay) { self.looked() }
    }

    func close(_ completion: @escaping () -> Void) {
        look?.cancel()
        let (guide, closing) = (guide, Array(nodes.values))
        (self.guide, nodes, slots) = (nil, [:], [])
        var left = closing.count + 1
        let closed = {
            left -= 1
            if left == 0 { completion() }
        }
        for node in closing { node.close(closed) }
        guide.map { $0.close(closed) } ?? closed()
    }

    private func looked() {
        look = nil
        guard slots.contains(where: \.isAway) else { return looks = 0 }
        looks += 1
        if looks.isMultiple(of: Self.looksBeforeTurn) { guide?.turn() } else { ask() }
        for slot in slots { slot.settle() }
        lookAround()
    }

    private func changed(_ node: ClusterNode, _ failure: RedisFailure?) {
        guard nodes[node.address] === node else { return }
        for slot in slots { slot.changed(node, failure) }
        if failure != nil { ask() }
    }

    private func introduced(_ answer: RedisClient.Answer) -> RedisFailure? {
        guard let guide else { return .closed }
        return told(answer, by: guide.address)
    }

    private func ask() {
        guard let guide else { return }
        ask(guide.address) { guide.send(self.question, $0) }
    }

    private func ask(_ node: ClusterNode) {
        ask(node.address) { completion in
            node.whenTried { failure in
                if let failure { completion(.failure(failure)) } else { node.send(self.question, completion) }
            }
        }
    }

    /// Once for all who want to know meanwhile.
    private func ask(_ address: Address, _ send: (@escaping CommandHandler.Completion) -> Void) {
        guard !isAsking else { return }
        isAsking = true
        send { answer in
            self.isAsking = false
            let failure = self.told(answer, by: address)
            if failure == Self.knowsNothing, address == self.guide?.address { self.guide?.turn() }
        }
    }

    private func told(_ answer: RedisClient.Answer, by address: Address) -> RedisFailure? {
        guard let guide else { return .closed }
        switch answer {
        case .failure(.command(let text)) where text.contains("cluster support disabled"): return .refused(text)
        case .failure(let failure): return failure
        case .success(let reply):
            guard let table = SlotTable(reply, from: address) else {
                return .temporary("an answer to CLUSTER SLOTS that is none")
            }
            // A node that was taken out of its cluster: what is known is better.
            guard !table.nodes.isEmpty else { return Self.knowsNothing }
            adopt(table, guide)
            return nil
        }
    }

    private func adopt(_ table: SlotTable, _ guide: Link) {
        counted(nil)
        self.table = table
        guide.addresses = settings.addresses + table.nodes.filter { !settings.addresses.contains($0) }
        for slot in slots { slot.settle() }
        let used = table.primaries
        for (address, node) in nodes where !used.contains(address) && !slots.contains(where: { $0.uses(node) }) {
            nodes[address] = nil
            node.close {}
        }
    }
}
