import RelayCore
import WireProtocol

extension UnsafeBufferPointer<MessageFact> {
    /// The facts of one tick lie in runs that differ in their identities only, and a run is observed at the price of
    /// one: looked at where they lie, since to copy a fact of 96 bytes costs more than what is made of it.
    @inline(__always)
    func endOfRun(from start: Int, _ belongs: (borrowing MessageFact) -> Bool) -> Int {
        var end = start + 1
        while end < count, belongs(self[end]) { end += 1 }
        return end
    }
}

extension MessageFact {
    @inline(__always)
    func isAccepted(_ mode: DeliveryMode, bytes: Int) -> Bool {
        guard case .accepted(_, let otherMode, let otherBytes) = self else { return false }
        return otherMode == mode && otherBytes == bytes
    }

    /// A best-effort message that was delivered, with these times.
    @inline(__always)
    func isRelayed(_ timeline: MessageTimeline) -> Bool {
        guard case .settled(_, let otherTimeline, .bestEffort, .delivered, _, _) = self else { return false }
        return otherTimeline == timeline
    }
}
