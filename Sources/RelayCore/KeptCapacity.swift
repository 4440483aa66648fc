/// Empties an array each tick and keeps its memory for the next one, but not for ever what one burst needed.
package struct KeptCapacity {
    /// Elements that are kept in any case.
    package static let least = 1_024
    private static let period: MonotonicNanoseconds = .seconds(1)

    private var peak = 0
    private var peakBefore = 0
    private var periodEndsAt: MonotonicNanoseconds = 0

    package init() {}

    /// Where it has room for more than four times what any tick needed in the last one or two seconds, it begins anew.
    package mutating func empty<Element>(_ array: inout [Element], at now: MonotonicNanoseconds) {
        if now >= periodEndsAt {
            periodEndsAt = now + Self.period
            peakBefore = peak
            peak = 0
        }
        peak = max(peak, array.count)
        guard array.capacity > max(Self.least, 4 * max(peak, peakBefore)) else {
            return array.removeAll(keepingCapacity: true)
        }
        array = []
    }
}
