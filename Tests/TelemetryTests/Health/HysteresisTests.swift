import Testing

@testable import Telemetry

@Suite struct HysteresisTests {
    /// The verdict after each result, with three results to turn worse and two to turn better.
    private func verdicts(_ results: [HealthVerdict]) -> [HealthVerdict?] {
        var hysteresis = Hysteresis(failAfter: 3, passAfter: 2)
        return results.map { result in
            _ = hysteresis.observed(result)
            return hysteresis.verdict
        }
    }

    @Test func `the first result decides alone`() {
        #expect(verdicts([.fail]) == [.fail])
        #expect(verdicts([.pass]) == [.pass])
    }

    @Test func `it takes three to turn worse and two to turn better`() {
        #expect(verdicts([.pass, .fail, .fail, .fail]) == [.pass, .pass, .pass, .fail])
        #expect(verdicts([.fail, .pass, .pass]) == [.fail, .fail, .pass])
    }

    @Test func `a result that agrees starts the count anew`() {
        #expect(verdicts([.pass, .fail, .fail, .pass, .fail, .fail]).last == .pass)
        #expect(verdicts([.fail, .pass, .fail, .pass]).last == .fail)
    }

    @Test func `mixed results turn as far as all of them agree`() {
        #expect(verdicts([.pass, .fail, .warn, .fail]).last == .warn)
        #expect(verdicts([.fail, .warn, .pass]).last == .warn)
    }

    @Test func `results on both sides of a warning do not add up`() {
        #expect(verdicts([.warn, .fail, .fail, .pass, .fail]).last == .warn)
    }
}
