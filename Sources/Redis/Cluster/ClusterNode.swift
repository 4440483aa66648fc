import NIOCore

/// One node of a cluster and the connection to it, which all its slots share. On its loop alone.
final class ClusterNode {
    private enum Phase {
        case connecting(waiting: [(RedisFailure?) -> Void])
        case ready
        case away(RedisFailure)
    }

    let address: RedisSettings.Address
    private var phase = Phase.connecting(waiting: [])
    private var link: Link?

    /// - Parameter changed: nil where its connection can be used, why where it cannot any more.
    init(
        _ address: RedisSettings.Address,
        _ settings: RedisSettings,
        on loop: any EventLoop,
        changed: @escaping (ClusterNode, RedisFailure?) -> Void
    ) {
        self.address = address
        var settings = settings
        settings.addresses = [address]
        var session = RedisClient.Session()
        let this = NIOLoopBound((self, changed), eventLoop: loop)
        session.changed = { failure in
            let (node, changed) = this.value
            node.tried(failure)
            changed(node, failure)
        }
        let link = Link(settings, session, on: loop)
        self.link = link
        link.start { _ in }
    }

    /// Waits for the first attempt to connect, and for no later one.
    /// - Parameter body: told why it cannot be used, nil where it can.
    func whenTried(_ body: @escaping (RedisFailure?) -> Void) {
        switch phase {
        case .connecting(let waiting): phase = .connecting(waiting: waiting + [body])
        case .ready: body(nil)
        case .away(let failure): body(failure)
        }
    }

    func send(_ command: RedisCommand, _ completion: @escaping CommandHandler.Completion) {
        guard let link else { return completion(.failure(.closed)) }
        link.send(command, completion)
    }

    /// A command for a slot that is on its way here.
    func ask(_ command: RedisCommand, _ completion: @escaping CommandHandler.Completion) {
        whenTried { failure in
            if let failure { return completion(.failure(failure)) }
            self.send(RedisCommand("ASKING")) { _ in }
            self.send(command, completion)
        }
    }

    func close(_ completion: @escaping () -> Void) {
        guard let link else { return completion() }
        self.link = nil
        tried(.closed)
        link.close(completion)
    }

    private func tried(_ failure: RedisFailure?) {
        let before = phase
        phase = failure.map { .away($0) } ?? .ready
        guard case .connecting(let waiting) = before else { return }
        for body in waiting { body(failure) }
    }
}
