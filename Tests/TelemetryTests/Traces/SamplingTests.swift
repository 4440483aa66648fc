import Testing

@testable import Telemetry

@Suite struct SamplingTests {
    @Test(arguments: [(0.0, 0...0), (0.01, 60...140), (0.5, 4_800...5_200), (1, 10_000...10_000)])
    func keepsItsShare(_ ratio: Double, _ expected: ClosedRange<Int>) {
        var generator = SeededGenerator(state: 7)
        let sampler = RatioSampler(ratio: ratio)
        let kept = (0..<10_000).count { _ in sampler.samples(.random(using: &generator)) }
        #expect(expected.contains(kept), "\(kept)")
    }

    @Test func aSmallerShareIsPartOfALarger() {
        var generator = SeededGenerator(state: 11)
        let (few, many) = (RatioSampler(ratio: 0.1), RatioSampler(ratio: 0.3))
        for _ in 0..<10_000 {
            let trace = TraceID.random(using: &generator)
            #expect(!few.samples(trace) || many.samples(trace))
        }
    }

    @Test(arguments: [-1, .nan, .infinity, 2]) func clampsItsRatio(_ ratio: Double) {
        #expect((0...1).contains(RatioSampler(ratio: ratio).ratio))
    }

    @Test func aRateHoldsBackAndComesBack() {
        var limit = RateLimit(perSecond: 2)
        // A burst; too soon; one token; none left; after a long silence no more than a second's worth; a clock that
        // goes back gives nothing away.
        let times: [UInt64] =
            [0, 0, 0, 400_000_000, 501_000_000, 501_000_000] + Array(repeating: 100_000_000_000, count: 4) + [1]
        let taken = times.map { limit.take(at: 1_000 + $0) }
        #expect(taken == [true, true, false, false, true, false, true, true, false, false, false])
    }

    @Test func aRateOfNothingGivesNothing() {
        var none = RateLimit(perSecond: 0)
        let taken = none.take(at: 0)
        #expect(!taken)
    }
}

/// SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
