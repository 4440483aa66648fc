import WireProtocol

/// Frames received since the last tick, by the byte of their type: one addition a frame, one event a type and tick.
struct FrameTally {
    private var counts = [Int](repeating: 0, count: 256)
    /// Nearly all of them: apart, so that they do not pay for the table.
    private var messages = 0
    private var total = 0

    mutating func add(_ typeCode: UInt8) {
        total &+= 1
        guard typeCode != FrameType.message.rawValue else { return messages &+= 1 }
        counts[Int(typeCode)] &+= 1
    }

    /// Appends what was counted and starts anew. Types that the protocol has not are not told.
    mutating func tell(_ events: inout [RelayEvent]) {
        guard total > 0 else { return }
        counts[Int(FrameType.message.rawValue)] = messages
        messages = 0
        for type in FrameType.allCases where counts[Int(type.rawValue)] > 0 {
            events.append(.framesReceived(type, count: counts[Int(type.rawValue)]))
            counts[Int(type.rawValue)] = 0
        }
        total = 0
    }
}
