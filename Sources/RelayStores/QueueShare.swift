import RelayCore

/// What a relay counts of a queue that others share: its messages, and what it did since it was started.
struct QueueShare: Equatable {
    var messages = 0
    var bytes = 0
    /// Removed by this relay, counted by another.
    var takenOver = 0
    /// Counted by this relay, removed by another or counted there now.
    var handedOver = 0
    /// Counted by another before.
    var adopted = 0
    var put = 0
}

/// A relay's share as its books have it, over servers that forget and answers that are lost.
struct ShareBooks {
    private(set) var recovered = 0
    private(set) var share: StoreTotals.Share?
    /// As the last answer had it.
    private var known = QueueShare()

    /// All that this relay did since the last answer, it knows.
    mutating func note(_ found: QueueShare) {
        guard found.put >= known.put, found.takenOver >= known.takenOver, found.handedOver >= known.handedOver,
            found.adopted >= known.adopted
        else { return reopened(found) }
        recovered += found.adopted - known.adopted
        keep(found)
    }

    /// Where answers were lost, what was put was reported as failed and is there, while what was removed is settled.
    /// More than that is there where the server forgot removals; where it forgot more, what is there says what it lost.
    mutating func reopened(_ found: QueueShare) {
        let (before, now) = (known, found)
        keep(found)
        let handedOver = max(0, now.handedOver - before.handedOver)
        guard now.put >= before.put, now.adopted >= before.adopted else {
            recovered += now.messages - before.messages + handedOver
            return
        }
        let come = now.put - before.put + now.adopted - before.adopted
        recovered += come + max(0, now.messages - (before.messages + come - handedOver))
    }

    private mutating func keep(_ found: QueueShare) {
        share = StoreTotals.Share(
            messages: found.messages,
            bytes: found.bytes,
            takenOver: (share?.takenOver ?? 0) + max(0, found.takenOver - known.takenOver),
            handedOver: (share?.handedOver ?? 0) + max(0, found.handedOver - known.handedOver)
        )
        known = found
    }
}
