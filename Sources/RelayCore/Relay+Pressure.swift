import WireProtocol

extension Relay {
    /// Whether the connection's outbox is past its high watermark; its home hears when that turns.
    func isPressed(_ connection: Connection) -> Bool {
        guard connection.pressedSince == nil else { return true }
        guard connection.outbox.byteCount > settings.outboxHighWatermark else { return false }
        connection.pressedSince = port.now
        if pressed.isEmpty { nextPressureCheck = port.now + .seconds(1) }
        pressed.insert(connection.ref)
        tellPressure(of: connection, isHigh: true)
        return true
    }

    func relievePressure(_ connection: Connection) {
        // Well below the mark, so that it does not turn with every flush.
        guard connection.pressedSince != nil, connection.outbox.byteCount < settings.outboxHighWatermark / 2 else {
            return
        }
        connection.pressedSince = nil
        pressed.remove(connection.ref)
        tellPressure(of: connection, isHigh: false)
    }

    private func tellPressure(of connection: Connection, isHigh: Bool) {
        guard let agent = connection.agent else { return }
        tellHome(of: agent, .pressure(agent, connection.ref, isHigh: isHigh))
    }

    /// Closes whose outbox has been past the mark for longer than the grace.
    func checkPressure(at now: MonotonicNanoseconds) {
        guard !pressed.isEmpty, now >= nextPressureCheck else { return }
        nextPressureCheck = now + .seconds(1)
        for ref in pressed {
            guard let connection = connections[ref], let since = connection.pressedSince else { continue }
            if connection.outbox.byteCount <= settings.outboxHighWatermark {
                // It reads, if no faster than it is written to.
                connection.pressedSince = now
            } else if now >= since + settings.slowConsumerGrace {
                closeSlowConsumer(connection)
            }
        }
    }

    /// Once: its close takes a moment, in which its outbox stays full.
    func closeSlowConsumer(_ connection: Connection) {
        guard !connection.isSlowConsumer else { return }
        connection.isSlowConsumer = true
        note(.slowConsumerClosed)
        connection.socket.disconnect(.slowConsumer)
    }

    /// Stops reading a best-effort sender for a moment, where its budget allows.
    func pauseSender(_ ref: ConnectionRef) {
        guard let connection = connections[ref] else { return }
        guard let until = connection.pause.start(at: port.now, settings: settings) else { return }
        paused.append((until, ref))
        note(.senderPaused)
        connection.updateReading()
    }

    func resumePaused(at now: MonotonicNanoseconds) {
        while let first = paused.first, first.until <= now {
            paused.removeFirst()
            guard let connection = connections[first.connection] else { continue }
            connection.pause.end()
            connection.updateReading()
        }
    }

    /// Stops reading a sender while too much of this loop is on its way to the other.
    func holdIfCongested(_ sender: Connection, towards target: Int) {
        guard target != loop, !sender.isHeldByHandOver else { return }
        let bytes = outgoing[target].byteCount + ledger.outstanding(from: loop, to: target)
        guard bytes > settings.handOverMaxBytes else { return }
        sender.isHeldByHandOver = true
        held.append(sender.ref)
        sender.updateReading()
    }

    func releaseHeld() {
        let released = held
        held = []
        for ref in released {
            guard let connection = connections[ref] else { continue }
            connection.isHeldByHandOver = false
            connection.updateReading()
        }
    }
}

extension Connection {
    func updateReading() { socket.setReading(pause.until == nil && !isHeldByHandOver) }
}
