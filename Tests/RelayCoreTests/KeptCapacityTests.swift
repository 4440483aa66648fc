import RelayCore
import Testing

@Suite struct KeptCapacityTests {
    private static let burst = 100_000

    /// A tick that needs so many elements.
    private func tick(
        _ count: Int,
        _ array: inout [Int],
        _ kept: inout KeptCapacity,
        at now: MonotonicNanoseconds
    ) {
        for number in 0..<count { array.append(number) }
        kept.empty(&array, at: now)
    }

    @Test func whatEachTickNeedsIsKept() {
        var (array, kept) = ([Int](), KeptCapacity())
        tick(Self.burst, &array, &kept, at: .seconds(1))
        let capacity = array.capacity
        #expect(capacity >= Self.burst)
        // Small ticks lie between large ones.
        for number in 1...100 as ClosedRange<UInt64> {
            tick(number % 5 == 0 ? Self.burst : 3, &array, &kept, at: .seconds(1) + .milliseconds(200 * number))
            #expect(array.isEmpty)
            #expect(array.capacity == capacity)
        }
    }

    @Test func whatABurstNeededIsGivenBack() {
        var (array, kept) = ([Int](), KeptCapacity())
        tick(Self.burst, &array, &kept, at: .seconds(1))
        for number in 1...30 as ClosedRange<UInt64> {
            tick(0, &array, &kept, at: .seconds(1) + .milliseconds(100 * number))
        }
        #expect(array.capacity == 0)
    }

    @Test func littleIsAlwaysKept() {
        var (array, kept) = ([Int](), KeptCapacity())
        tick(KeptCapacity.least / 2, &array, &kept, at: .seconds(1))
        tick(0, &array, &kept, at: .seconds(60))
        tick(0, &array, &kept, at: .seconds(120))
        #expect(array.capacity >= KeptCapacity.least / 2)
    }
}
