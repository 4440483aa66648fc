import Testing

@testable import ACME

@Suite struct RenewalScheduleTests {
    private static let day: Int64 = 86_400

    @Test func renewsAtTwoThirdsOrALittleBefore() {
        var schedule = RenewalSchedule(at: 0)
        schedule.installed(notBefore: 0, notAfter: 90 * Self.day, chance: 0)
        #expect(schedule.next == 60 * Self.day)
        schedule.installed(notBefore: 0, notAfter: 90 * Self.day, chance: 0.999_999)
        #expect(schedule.next > 57 * Self.day - 1 && schedule.next < 57 * Self.day + 60)
    }

    @Test func asksARefusingAuthorityLessAndLess() {
        var schedule = RenewalSchedule(at: 0)
        var pauses: [Int64] = []
        for _ in 0..<12 {
            schedule.failed(OrderFailure(.validation, ""), at: 1_000, chance: 1)
            pauses.append(schedule.next - 1_000)
        }
        #expect(pauses == [60, 120, 240, 480, 960, 1_920, 3_840, 7_680, 15_360, 21_600, 21_600, 21_600])
        schedule.failed(OrderFailure(.validation, ""), at: 1_000, chance: 0)
        #expect(schedule.next == 1_000 + 16_200)
    }

    @Test func asksAnAbsentAuthoritySooner() {
        var schedule = RenewalSchedule(at: 0)
        var pauses: [Int64] = []
        for _ in 0..<10 {
            schedule.failed(OrderFailure(.unreachable, ""), at: 0, chance: 1)
            pauses.append(schedule.next)
        }
        #expect(pauses == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900])
    }

    @Test func leavesAnAuthorityAloneForAsLongAsItAsks() {
        var schedule = RenewalSchedule(at: 0)
        schedule.failed(OrderFailure(.rateLimited, "", retryAfter: 7_200), at: 10, chance: 0)
        #expect(schedule.next == 7_210)
        schedule.failed(OrderFailure(.rateLimited, "", retryAfter: .max), at: 10, chance: 0)
        #expect(schedule.next == 10 + Self.day)
    }

    @Test func aCertificateEndsTheFailures() {
        var schedule = RenewalSchedule(at: 0)
        for _ in 0..<5 { schedule.failed(OrderFailure(.refused, ""), at: 0, chance: 1) }
        schedule.installed(notBefore: 0, notAfter: 300, chance: 0)
        #expect(schedule.failures == 0 && schedule.next == 200)
        schedule.failed(OrderFailure(.refused, ""), at: 200, chance: 1)
        #expect(schedule.next == 260)
    }

    @Test(
        arguments: [
            ("120", 120), ("-1", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 37), ("Sun, 06 Nov 1994 08:48:37 GMT", 0),
            ("soon", nil), ("Sun, 06 Foo 1994 08:49:37 GMT", nil),
        ] as [(String, Int64?)]
    )
    func readsBothFormsOfRetryAfter(_ text: String, _ seconds: Int64?) {
        // `date -u -d '1994-11-06 08:49:00' +%s`
        #expect(RetryAfter.seconds(text, now: 784_111_740) == seconds)
    }
}
