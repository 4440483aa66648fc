import NIOCore
import WireProtocol

extension Relay {
    func tellHome(of agent: AgentHash, _ notice: HandOver.Notice) {
        tell(Hub.home(of: agent, loops: loops), notice)
    }

    func tellEveryLoop(_ notice: HandOver.Notice) {
        for target in 0..<loops { tell(target, notice) }
    }

    /// At once where the loop is this one; with this tick's batch where it is another.
    func tell(_ target: Int, _ notice: HandOver.Notice) {
        requestTick()
        guard target != loop else { return receive(notice, from: loop) }
        outgoing[target].append(notice)
    }

    /// What another loop had for this one in its last tick.
    public func received(_ batch: HandOver) {
        requestTick()
        var frames = batch.frames
        let now = port.now
        for var forwarded in batch.forwarded {
            forwarded.record.timeline.routed = now
            frames.readWithUnsafeReadableBytes { bytes in
                let plain = MaskedBytes(
                    plain: UnsafeRawBufferPointer(rebasing: bytes[0..<forwarded.frameLength])
                )
                if let header = try? FrameHeader(decoding: plain.base) {
                    receive(forwarded, frame: InboundFrame(header: header, bytes: plain, isVerified: true))
                }
                return forwarded.frameLength
            }
        }
        buffers.give(batch.frames)
        for notice in batch.notices { receive(notice, from: batch.source) }
        let left = ledger.subtract(batch.byteCount, from: batch.source, to: loop)
        let mark = settings.handOverMaxBytes / 2
        if left <= mark, left + batch.byteCount > mark { tell(batch.source, .released) }
    }

    private func receive(_ notice: HandOver.Notice, from source: Int) {
        switch notice {
        case .accept(let message, let sender, let mode, let timeline):
            home.accept(message, from: sender, mode: mode, timeline: timeline, at: port.now)
        case .acknowledged(let ids, let kind, let agent): home.acknowledged(ids, kind, by: agent, at: port.now)
        case .written(let id, let agent, let connection, let enqueued, let time):
            home.written(id, to: agent, on: connection, enqueued: enqueued, at: time)
        case .register(let agent, let connection): home.register(agent, connection)
        case .unregister(let agent, let connection): home.unregister(agent, connection)
        case .pressure(let agent, let connection, let isHigh): home.pressure(agent, connection, isHigh: isHigh)
        case .gone(let keys, let fate): home.gone(keys, fate)
        case .unreadable(let id, let agent, let connection):
            home.unreadable(id, to: agent, on: connection, at: port.now)
        case .registered(let connection, let epoch): registered(connection, epoch: epoch)
        case .announced(let connection): announced(connection)
        case .deliver(let connection, let message): deliver(message, to: connection)
        case .answer(let connection, let answer): queueAnswer(answer, to: connection)
        case .pauseSender(let connection): pauseSender(connection)
        case .accused(let connection, let id, let flaw): connections[connection]?.socket.messageUnreadable(id, flaw)
        case .route(let agent, let primary, let epoch): hub.update(agent, primary: primary, epoch: epoch)
        case .announce(let agent, let primary, let epoch):
            hub.update(agent, primary: primary, epoch: epoch)
            tell(Int(primary.loop), .announced(primary))
        case .withdraw(let agent, let primary): hub.withdraw(agent, primary)
        case .released: releaseHeld()
        }
    }

    func carryOut(_ effect: HomeEffect) {
        switch effect {
        case .registered(let connection, let epoch):
            tell(Int(connection.loop), .registered(connection, epoch: epoch))
        case .route(let agent, let primary, let epoch): tellEveryLoop(.route(agent, primary: primary, epoch: epoch))
        case .deliver(let connection, let message): tell(Int(connection.loop), .deliver(connection, message))
        case .answer(let connection, let answer): tell(Int(connection.loop), .answer(connection, answer))
        case .commit(let batch, let operations): commit(operations, batch: batch)
        case .load(let reading): load(reading)
        case .fact(let fact): state(fact)
        case .event(let event): note(event)
        }
    }
}
