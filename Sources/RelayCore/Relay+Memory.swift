import WireProtocol

extension Relay {
    /// From the next message on.
    public func memory(is level: MemoryLevel) { isShortOfMemory = level == .full }

    /// There is no memory for one more message. Best effort is accepted and dropped, as for any full buffer; whoever
    /// asked for more than that keeps its message and tries again, and it is not accepted before.
    /// - Returns: false where the checksum does not hold.
    func turnAway(
        _ frame: InboundFrame,
        routing: RoutingHeader,
        mode: DeliveryMode,
        from sender: Connection,
        at now: MonotonicNanoseconds
    ) -> Bool {
        guard frame.isIntact else { return false }
        guard mode == .bestEffort else {
            send(refusal(of: routing.id, .queueFull, because: "this relay is short of memory"), to: sender)
            return true
        }
        let record = WriteRecord(bestEffort: routing.identity, received: now)
        acceptBestEffort(frame, record)
        dropBestEffort(record, .memory)
        return true
    }
}
