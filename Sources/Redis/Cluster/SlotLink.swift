import NIOCore

/// The way to a slot, whichever node has it: what a node sends away undone goes on to the next, in the order in which
/// it came. While the slot is on its way or its node lost every command fails at once. On its loop alone.
final class SlotLink: CommandLink {
    private typealias Pending = (command: RedisCommand, completion: CommandHandler.Completion)

    private enum Phase {
        case away(RedisFailure)
        /// Another node is said to have it. What was sent to the old one is answered first.
        case moving
        case ready
        case closed
    }

    /// Nodes that send on to each other.
    private static let maxMoves = 8

    private let slot: Int
    private let session: RedisClient.Session
    private let map: ClusterMap
    private var phase = Phase.away(.temporary("not connected yet"))
    private var node: ClusterNode?
    private var isPreparing = false
    private var moves = 0
    /// Sent to the node and not answered.
    private var owed = 0
    /// Sent back, in the order of their answers.
    private var returned: [Pending] = []
    /// Came since; clients let in no more than their bytes in flight.
    private var parked: [Pending] = []
    private var firstRound: ((Result<Void, RedisFailure>) -> Void)?
    private var whenClosed: [() -> Void] = []

    init(_ slot: Int, _ session: RedisClient.Session, in map: ClusterMap) {
        (self.slot, self.session, self.map) = (slot, session, map)
    }

    var isAway: Bool { if case .away = phase { true } else { false } }

    func uses(_ node: ClusterNode) -> Bool { self.node === node }

    func start(_ tried: @escaping (Result<Void, RedisFailure>) -> Void) {
        firstRound = tried
        settle()
    }

    func send(_ command: RedisCommand, _ completion: @escaping CommandHandler.Completion) {
        switch phase {
        case .away(let failure): completion(.failure(failure))
        case .moving: parked.append((command, completion))
        case .ready: forward((command, completion))
        case .closed: completion(.failure(.closed))
        }
    }

    func close(_ completion: @escaping () -> Void) {
        whenClosed.append(completion)
        closeOnceDone()
    }

    /// The table or the node may be another: goes where the slot is, unless it is there.
    func settle() {
        guard !isPreparing, owed == 0 else { return noteMove() }
        switch phase {
        case .closed: return
        case .ready where (try? map.owner(of: slot).get()) === node: return
        case .ready: phase = .moving
        case .moving, .away: break
        }
        switch map.owner(of: slot) {
        case .failure(let failure): lose(failure)
        case .success(let owner): approach(owner)
        }
    }

    /// - Parameter failure: nil where the node's connection can be used.
    func changed(_ node: ClusterNode, _ failure: RedisFailure?) {
        guard node === self.node else { return }
        guard let failure else { return settle() }
        lose(failure.at(node.address))
    }

    private func noteMove() {
        guard case .ready = phase, (try? map.owner(of: slot).get()) !== node else { return }
        phase = .moving
    }

    private func approach(_ owner: ClusterNode) {
        node = owner
        session.tried(owner.address)
        isPreparing = true
        owner.whenTried { failure in
            guard let failure else { return self.prepare(owner) }
            self.isPreparing = false
            self.lose(failure.at(owner.address))
        }
    }

    private func prepare(_ node: ClusterNode) {
        var answers: [RedisClient.Answer] = []
        let count = session.prepare.count
        guard count > 0 else { return prepared(node, answers) }
        for command in session.prepare {
            node.send(command) { answer in
                answers.append(answer)
                if answers.count == count { self.prepared(node, answers) }
            }
        }
    }

    private func prepared(_ node: ClusterNode, _ answers: [RedisClient.Answer]) {
        isPreparing = false
        if case .closed = phase { return }
        for case .failure(let failure) in answers {
            switch Redirection(failure, from: node.address) {
            case .moved(let address) where moves < Self.maxMoves:
                moves += 1
                map.moved(slot, to: address)
                return settle()
            case .moved, .ask, .unsettled: return lose(failure.unsettled.at(node.address))
            case nil: continue
            }
        }
        if let failure = session.prepared(answers) { return lose(failure.at(node.address)) }
        ready()
    }

    private func ready() {
        moves = 0
        phase = .ready
        session.changed(nil)
        tried(.success(()))
        let waiting = returned + parked
        (returned, parked) = ([], [])
        for pending in waiting { send(pending.command, pending.completion) }
        closeOnceDone()
    }

    private func forward(_ pending: Pending) {
        guard let node else { return pending.completion(.failure(.temporary("no node has slot \(slot)"))) }
        owed += 1
        node.send(pending.command) { answer in
            self.owed -= 1
            self.answered(pending, answer, by: node)
            if self.owed == 0, case .moving = self.phase { self.settle() }
            self.closeOnceDone()
        }
    }

    private func answered(_ pending: Pending, _ answer: RedisClient.Answer, by node: ClusterNode) {
        guard case .failure(let failure) = answer, let redirection = Redirection(failure, from: node.address) else {
            return pending.completion(answer)
        }
        switch redirection {
        case .moved(let address): moved(pending, to: address, failure)
        case .ask(let address):
            owed += 1
            map.asked(address).ask(pending.command) { answer in
                self.owed -= 1
                self.asked(pending, answer, of: address)
                if self.owed == 0, case .moving = self.phase { self.settle() }
                self.closeOnceDone()
            }
        case .unsettled:
            pending.completion(.failure(failure.at(node.address)))
            lose(failure.at(node.address))
        }
    }

    private func moved(_ pending: Pending, to address: RedisSettings.Address, _ failure: RedisFailure) {
        switch phase {
        case .ready: phase = .moving
        case .moving: break
        case .away(let failure): return pending.completion(.failure(failure))
        case .closed: return pending.completion(.failure(.closed))
        }
        returned.append(pending)
        map.moved(slot, to: address)
    }

    private func asked(_ pending: Pending, _ answer: RedisClient.Answer, of address: RedisSettings.Address) {
        guard case .failure(let failure) = answer, Redirection(failure, from: address) != nil else {
            return pending.completion(answer)
        }
        let reason = failure.unsettled.at(address)
        pending.completion(.failure(reason))
        lose(reason)
    }

    private func lose(_ failure: RedisFailure) {
        if case .closed = phase { return }
        phase = .away(failure)
        moves = 0
        let failed = returned + parked
        (returned, parked) = ([], [])
        for pending in failed { pending.completion(.failure(failure)) }
        session.changed(failure)
        tried(.failure(failure))
        map.lookAround()
        closeOnceDone()
    }

    private func tried(_ result: Result<Void, RedisFailure>) {
        firstRound?(result)
        firstRound = nil
    }

    private func closeOnceDone() {
        guard !whenClosed.isEmpty, owed == 0, returned.isEmpty, parked.isEmpty else { return }
        phase = .closed
        tried(.failure(.closed))
        let completions = whenClosed
        whenClosed = []
        for completion in completions { completion() }
    }
}

extension RedisFailure {
    /// Names the node, where the reason does not yet.
    fileprivate func at(_ node: RedisSettings.Address) -> RedisFailure {
        switch self {
        case .temporary(let text) where !text.hasPrefix("\(node): "): .temporary("\(node): \(text)")
        case .refused(let text) where !text.hasPrefix("\(node): "): .refused("\(node): \(text)")
        default: self
        }
    }

    /// A redirection that leads nowhere is over some time.
    fileprivate var unsettled: RedisFailure {
        if case .command(let text) = self { .temporary(text) } else { self }
    }
}
