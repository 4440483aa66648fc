import WireProtocol

/// Towards the relay.
extension Link {
    func send(
        _ message: OutgoingMessage,
        timeout: Duration,
        _ continuation: CheckedContinuation<Result<Receipt, SendError>, Never>
    ) {
        if case .ended(let error) = phase { return continuation.resume(returning: .failure(error)) }
        if case .closing = phase { return continuation.resume(returning: .failure(.closed)) }
        do throws(SendError) {
            try sends.append(message, deadline: now.saturatingAdd(timeout.clampedNanoseconds))
            waiting[message.routing.id] = continuation
            requestTick()
        } catch {
            continuation.resume(returning: .failure(error))
        }
    }

    func cancel(_ id: MessageID) {
        if let settled = sends.cancelled(id) { settle(settled) }
    }

    func settle(_ settled: SendQueue.Settled) {
        waiting.removeValue(forKey: settled.id)?.resume(returning: settled.result)
    }

    /// What waits goes into the socket as far as it takes it.
    func write() {
        guard let terms, let connection, connection.session.takesMessages else { return }
        while connection.isWritable, let next = sends.next(terms) {
            switch next {
            case .failed(let settled): settle(settled)
            case .write(let message, let settled):
                connection.send(message)
                if let settled { settle(settled) }
            }
        }
    }

    func acknowledged(_ ids: [MessageID], _ type: AckType) {
        let settled = sends.acknowledged(ids, type)
        counts.unexpectedAcknowledgements += UInt64(ids.count - settled.count)
        for each in settled { settle(each) }
        leaveIfDone()
    }

    func refused(_ nack: Nack, isGoingAway: Bool) {
        if let settled = sends.refused(nack, isGoingAway: isGoingAway) { settle(settled) }
        leaveIfDone()
    }
}

/// From the relay.
extension Link {
    /// - Returns: false where nothing more should be read for now.
    func received(_ frame: IncomingFrame) -> Bool {
        let message = IncomingMessage(frame: frame, acknowledgements: acknowledgements)
        guard frame.mode != .bestEffort else { return inbox.append(message) }
        let key = RepeatWindow.Key(sender: frame.routing.sender, id: frame.routing.id)
        switch window.received(key) {
        case .new: return inbox.append(message)
        case .outstanding: break
        case .acknowledged(let type): connection?.acknowledge([key.id], type)
        }
        counts.repeats += 1
        return true
    }

    /// Nobody can make anything of it, and it would come again and again: the relay is told that it is here.
    func receivedUnreadable(_ frame: IncomingFrame) {
        counts.unreadable += 1
        guard frame.mode != .bestEffort else { return }
        connection?.acknowledge([frame.routing.id], .received)
    }

    /// Sends what consumers acknowledged, batched by kind.
    func acknowledge() {
        guard terms != nil, let connection, connection.isWritable else { return }
        let due = acknowledgements.takeAll().filter { window.acknowledged($0.key, $0.type) }
        for type in [AckType.received, .processed] {
            connection.acknowledge(due.filter { $0.type == type }.map(\.key.id), type)
        }
    }

    func relayGoesAway(_ goAway: GoAway) {
        changed(to: .goingAway(goAway))
        requestTick()
    }

    /// After GOAWAY we stay only for acknowledgements of what this relay took.
    func leaveIfDone() {
        guard let connection, let goAway = connection.session.goAway, sends.unacknowledged == 0 else { return }
        connection.end(.goneAway(goAway))
    }
}

extension ConnectionHandler {
    fileprivate func acknowledge(_ ids: [MessageID], _ type: AckType) {
        send(session.acknowledgement(of: ids, as: type, wallClock: link.wallClock))
    }
}
