import RelayCore

/// The half of a record that messages of one tick and one flush share. In whole words, so that it is copied as four.
struct FlightWay {
    static let queuedFlag: UInt8 = 0x40
    static let untimedFlag: UInt8 = 0x80

    let origin: MonotonicNanoseconds
    private let routedAndStored, enqueuedAndWritten, endedAndCodes: UInt64

    /// - Parameters:
    ///   - routed: nanoseconds since an earlier stage, as are the next four; -1 for a stage that was not reached.
    ///   - detail: the place of a drop reason or NACK code among its kind.
    @inline(__always)
    init(
        origin: MonotonicNanoseconds,
        routed: Float,
        stored: Float,
        enqueued: Float,
        written: Float,
        ended: Float,
        kindCode: UInt8,
        modeCode: UInt8,
        detail: UInt8,
        attempt: UInt8
    ) {
        self.origin = origin
        routedAndStored = pair(routed, stored)
        enqueuedAndWritten = pair(enqueued, written)
        let codes = UInt32(kindCode) | UInt32(modeCode) << 8 | UInt32(detail) << 16 | UInt32(attempt) << 24
        endedAndCodes = UInt64(ended.bitPattern) | UInt64(codes) << 32
    }

    /// Before there is one.
    init() { (origin, routedAndStored, enqueuedAndWritten, endedAndCodes) = (0, 0, 0, 0) }

    var routed: Float { low(routedAndStored) }
    var stored: Float { high(routedAndStored) }
    var enqueued: Float { low(enqueuedAndWritten) }
    var written: Float { high(enqueuedAndWritten) }
    var ended: Float { low(endedAndCodes) }
    var kindCode: UInt8 { UInt8(truncatingIfNeeded: endedAndCodes >> 32) }
    var modeCode: UInt8 { UInt8(truncatingIfNeeded: endedAndCodes >> 40) }
    var detail: UInt8 { UInt8(truncatingIfNeeded: endedAndCodes >> 48) }
    var attempt: UInt8 { UInt8(truncatingIfNeeded: endedAndCodes >> 56) }
}

@inline(__always)
private func pair(_ low: Float, _ high: Float) -> UInt64 { UInt64(low.bitPattern) | UInt64(high.bitPattern) << 32 }

private func low(_ word: UInt64) -> Float { Float(bitPattern: UInt32(truncatingIfNeeded: word)) }
private func high(_ word: UInt64) -> Float { Float(bitPattern: UInt32(truncatingIfNeeded: word >> 32)) }
