import WireProtocol

extension Relay {
    /// From now on, for connections that are open too; nil is no limit. Buckets begin full.
    public func limit(by new: MessageRates?) {
        let now = port.now
        for connection in connections.all { leaveRate(connection, at: now) }
        rates = new
        for connection in connections.all where connection.isRegistered { joinRate(connection, at: now) }
    }

    func joinRate(_ connection: Connection, at now: MonotonicNanoseconds) {
        guard let rates, let agent = connection.agent else { return }
        let (rate, isShared) = rates.join(agent, at: now)
        connection.rate = rate
        if !isShared { note(.rateUntracked(.messagesPerAgentPerMinute)) }
    }

    func leaveRate(_ connection: Connection, at now: MonotonicNanoseconds) {
        guard let rate = connection.rate, let agent = connection.agent else { return }
        rates?.leave(agent, rate, at: now)
        connection.rate = nil
    }

    /// Over its sender's rate, a message of any mode is refused, and not accepted before.
    /// - Returns: false where the checksum does not hold.
    func refuse(
        _ frame: InboundFrame,
        routing: RoutingHeader,
        from sender: Connection,
        for wait: MonotonicNanoseconds
    ) -> Bool {
        guard frame.isIntact else { return false }
        let milliseconds = (wait + 999_999) / 1_000_000
        send(refusal(of: routing.id, .rateLimited, retryAfterMilliseconds: milliseconds), to: sender)
        sender.socket.messageRefusedByRate()
        return true
    }
}
