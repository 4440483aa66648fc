import RelayCore
import Telemetry
import Testing

@testable import moltrelay

@Suite struct HealthJudgementTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func aLoopIsSilentOrNot() {
        let well = HealthReport.eventLoops([(silence: 5 * Self.second, lag: 7), (silence: 1, lag: 9)])
        #expect(well == HealthReport(.pass, latency: 9, observed: .init(5, unit: "s")))
        let stuck = HealthReport.eventLoops([(silence: 1, lag: 7), (silence: 6 * Self.second, lag: 9)])
        #expect(stuck.verdict == .fail)
        #expect(stuck.reason == "event loop 1 has not turned for 6 s")
        #expect(stuck.latency == 6 * Self.second)
    }

    @Test func aStoreFailsOrHangs() {
        #expect(HealthReport.store(.ok, stalled: StoreStall.patience, lastCommit: 3) == HealthReport(.pass, latency: 3))
        let suspect = HealthReport.store(.ok, stalled: 0, lastCommit: 3, complaint: "it evicts")
        #expect(suspect == HealthReport(.warn, reason: "it evicts", latency: 3))
        let failing = HealthReport.store(.failing(reason: "disk full", since: 1), stalled: 0, lastCommit: nil)
        #expect(failing == HealthReport(.fail, reason: "disk full"))
        let hanging = HealthReport.store(.ok, stalled: 11 * Self.second, lastCommit: 3)
        #expect(hanging.verdict == .fail)
        #expect(hanging.reason == "no commit has ended for 11 s")
    }

    @Test func aStallIsACommitThatDoesNotEnd() {
        var stall = StoreStall()
        #expect(stall.looked(commits: 4, waitingBytes: 1, at: 1) == 0)
        #expect(stall.looked(commits: 4, waitingBytes: 1, at: 5) == 4)
        #expect(stall.looked(commits: 5, waitingBytes: 1, at: 9) == 0, "one ended")
        #expect(stall.looked(commits: 5, waitingBytes: 1, at: 10) == 1)
        #expect(stall.looked(commits: 5, waitingBytes: 0, at: 11) == 0, "nothing waits")
        #expect(stall.looked(commits: 5, waitingBytes: 9, at: 20) == 0)
        #expect(stall.looked(commits: 5, waitingBytes: 9, at: 23) == 3)
    }

    private static let gib = 1 << 30

    @Test(arguments: [
        (VolumeRoom(free: gib, total: 20 * gib), true), (VolumeRoom(free: gib - 1, total: 20 * gib), false),
        (VolumeRoom(free: 4 * gib, total: 4000 * gib), true), (VolumeRoom(free: 4 * gib - 1, total: 4000 * gib), false),
        (VolumeRoom(free: 0, total: 8 << 20), false),
    ])
    func aVolumeIsNearlyFullByShareOrBySize(room: VolumeRoom, isWell: Bool) {
        let report = HealthReport.disk([(name: "store", room: room, waiting: 0)])
        #expect(report.verdict == (isWell ? .pass : .warn))
        #expect(report.observed == .init(Double(room.free), unit: "bytes"))
        #expect(report.reason?.hasPrefix("the store volume has \(room.free) of ") ?? isWell)
    }

    private typealias Volume = (name: String, room: VolumeRoom?, waiting: UInt64)

    @Test func theVolumeInNeedIsNamed() {
        let store: Volume = ("store", VolumeRoom(free: 5 * Self.gib, total: 4000 * Self.gib), 0)
        let log: Volume = ("log", VolumeRoom(free: 6 * Self.gib, total: 200 * Self.gib), 0)
        #expect(HealthReport.disk([store, log]).verdict == .pass)
        var full = log
        full.room?.free = Self.gib
        #expect(HealthReport.disk([store, full]).reason?.hasPrefix("the log volume has ") == true)
        var gone = log
        gone.waiting = 6 * Self.second
        #expect(HealthReport.disk([store, gone]).reason == "the log volume does not answer for 6 s")
        var unknown = log
        unknown.room = nil
        #expect(HealthReport.disk([store, unknown]).verdict == .warn)
        #expect(HealthReport.disk([]).verdict == .pass)
    }

    @Test func aQueueIsNearlyFullByBytesOrByMessages() {
        func verdict(_ messages: Int, _ bytes: Int, maxMessages: Int? = 100) -> HealthVerdict {
            HealthReport.queue(
                StoreTotals(messages: messages, bytes: bytes),
                maxBytes: 1_000,
                maxMessages: maxMessages
            ).verdict
        }
        #expect(verdict(89, 899) == .pass)
        #expect(verdict(1, 900) == .warn)
        #expect(verdict(90, 1) == .warn)
        #expect(verdict(90, 1, maxMessages: nil) == .pass)
    }

    @Test func connectionsAreManyForTheirRoom() {
        #expect(HealthReport.connections(8, of: 10).verdict == .pass)
        #expect(HealthReport.connections(9, of: 10).verdict == .warn)
        #expect(HealthReport.connections(9, of: .max).verdict == .pass)
    }

    @Test func theLogLosesBetweenTwoLooks() {
        var watch = LossWatch()
        #expect(watch.looked(dropped: 0, failed: 0) == nil)
        #expect(watch.looked(dropped: 3, failed: 1) == .dropped(3))
        #expect(watch.looked(dropped: 3, failed: 2) == .refused)
        #expect(watch.looked(dropped: 3, failed: 2) == nil)
        #expect(HealthReport.log(.dropped(3)).verdict == .warn)
        #expect(HealthReport.log(.refused).verdict == .warn)
        #expect(HealthReport.log(nil).verdict == .pass)
    }

    @Test func theClockIsFollowedOrNot() {
        #expect(HealthReport.clock(aheadMilliseconds: 1_000).verdict == .pass)
        let ahead = HealthReport.clock(aheadMilliseconds: 86_400_000)
        #expect(ahead.reason == "the system clock is 86400.0 s ahead of the time that messages live by")
        let behind = HealthReport.clock(aheadMilliseconds: -1_500)
        #expect(behind.reason == "the system clock is 1.5 s behind the time that messages live by")
        #expect(behind.observed == .init(-1.5, unit: "s"))
    }

    @Test func aCertificateEnds() {
        func judged(_ left: Int64, refusal: String? = nil) -> HealthReport {
            .certificate(notAfter: 1_000_000 + left, refusal: refusal, now: 1_000_000)
        }
        #expect(judged(14 * 86_400) == HealthReport(.pass, observed: .init(1_209_600, unit: "s")))
        #expect(judged(14 * 86_400 - 1).verdict == .warn)
        #expect(judged(14 * 86_400 - 1).reason == "the certificate expires in 13 days and 23 hours")
        #expect(judged(1).verdict == .warn)
        #expect(judged(0).verdict == .fail && judged(-1).verdict == .fail)
        let refused = judged(20 * 86_400, refusal: "/c: cannot be read")
        #expect(refused.verdict == .warn && refused.reason?.hasSuffix("stands: /c: cannot be read") == true)
    }

    @Test func aRefusedReloadIsAWarning() {
        #expect(HealthReport.configuration(isTaken: true).verdict == .pass)
        #expect(HealthReport.configuration(isTaken: false).verdict == .warn)
    }
}

@Suite struct VolumeWatchTests {
    @Test func asksTheVolumeOfItsFile() {
        let watch = VolumeWatch(name: "store", file: "/tmp/none.db")
        let room = watch.room
        #expect(room?.total ?? 0 > 0)
        #expect(watch.ask(at: 5) == 0)
        #expect(VolumeWatch(name: "store", file: "/nonexistent/none.db").room == nil)
    }
}
