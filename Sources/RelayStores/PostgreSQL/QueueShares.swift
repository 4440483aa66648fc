/// Which relay counts which messages, as a transaction found it and then as it is to be: the rows of `relays`.
struct QueueShares {
    struct Relay: Equatable {
        /// Who counts what this one put: itself, until another took that over.
        var holder: Int64
        /// Put by it, and still there.
        var queued = 0
        var share = QueueShare()
        /// Nobody took over what it counts since it was last seen.
        var isPresent = false
        /// Not seen for a minute.
        var isLate = false
        /// Taken over a day ago.
        var isForgotten = false
        /// Of the same name as the relay whose connection this is.
        var isNamesake = false
    }

    private let own: Int64
    private let found: [Int64: Relay]
    private(set) var relays: [Int64: Relay]
    /// Whose messages this transaction takes over.
    private(set) var gone: [Int64] = []

    init(_ relays: [Int64: Relay], own: Int64) {
        (self.own, found) = (own, relays)
        self.relays = relays.merging([own: Relay(holder: own)]) { there, _ in there }
    }

    var ownShare: QueueShare { relays[own]?.share ?? QueueShare() }

    /// Where another relay holds what this one put, what it puts is handed over at once.
    mutating func put(bytes: Int) {
        let holder = holder(of: own)
        let handsOver = holder != own
        change(own) {
            $0.queued += 1
            $0.share.put += 1
            if handsOver { $0.share.handedOver += 1 }
        }
        change(holder) {
            $0.share.messages += 1
            $0.share.bytes += bytes
            if handsOver { $0.share.adopted += 1 }
        }
    }

    mutating func removed(_ relay: Int64, bytes: Int) {
        let holder = holder(of: relay)
        let takesOver = holder != own
        change(relay) { $0.queued -= 1 }
        change(holder) {
            $0.share.messages -= 1
            $0.share.bytes -= bytes
            if takesOver { $0.share.handedOver += 1 }
        }
        if takesOver { change(own) { $0.share.takenOver += 1 } }
    }

    /// What those counted that have gone, this relay counts from now on.
    mutating func takeOver(where isGone: (Relay) -> Bool) {
        for (other, relay) in relays where other != own && relay.isPresent && isGone(relay) {
            change(own) {
                $0.share.messages += relay.share.messages
                $0.share.bytes += relay.share.bytes
                $0.share.adopted += relay.share.messages
            }
            change(other) {
                $0.share.handedOver += $0.share.messages
                ($0.share.messages, $0.share.bytes, $0.isPresent) = (0, 0, false)
            }
            for (held, row) in relays where row.holder == other { relays[held]?.holder = own }
            gone.append(other)
        }
    }

    private func holder(of relay: Int64) -> Int64 { relays[relay]?.holder ?? relay }

    private mutating func change(_ relay: Int64, _ body: (inout Relay) -> Void) {
        body(&relays[relay, default: Relay(holder: relay)])
    }

    var changed: [Int64] { relays.keys.filter { relays[$0] != found[$0, default: Relay(holder: $0)] } }

    /// Rows of no more use: nobody counts anything there, nothing that they put is queued, and nobody comes back who is
    /// to hear what others made of it.
    var past: [Int64] {
        let holders = Set(relays.filter { $0.key != $0.value.holder }.map(\.value.holder))
        return relays.filter { relay, row in
            relay != own && relay != row.holder && !row.isPresent && row.queued == 0 && row.share.messages == 0
                && !holders.contains(relay) && (row.isNamesake || row.isForgotten)
        }
        .map(\.key)
    }
}
