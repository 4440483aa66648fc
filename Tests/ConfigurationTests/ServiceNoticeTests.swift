import Testing

@testable import moltrelay

@Suite struct ServiceNoticeTests {
    private static let second: UInt64 = 1_000_000_000
    private let well = ServiceNotices.Look(
        hasStarted: true,
        loopsTurn: true,
        trouble: [],
        agents: 3,
        queued: 7,
        accepted: 100
    )

    private func look(_ change: (inout ServiceNotices.Look) -> Void) -> ServiceNotices.Look {
        var look = well
        change(&look)
        return look
    }

    @Test func readyOnceEverythingWasUp() {
        var notices = ServiceNotices(watchdog: nil)
        let starting = look {
            ($0.hasStarted, $0.trouble) = (false, [.init(name: "listeners", reason: "not open yet")])
        }
        #expect(
            notices.looked(starting, at: 1)
                == ["STATUS=not ready: listeners: not open yet; agents: 3, queued: 7, messages/s: 0"]
        )
        #expect(notices.looked(well, at: 2) == ["READY=1", "STATUS=agents: 3, queued: 7, messages/s: 0"])
        #expect(notices.looked(well, at: 3) == [])
    }

    @Test func countsAreRenewedInTheirTimeAndTroubleAtOnce() {
        var notices = ServiceNotices(watchdog: nil)
        _ = notices.looked(well, at: 0)
        let busy = look { ($0.agents, $0.accepted) = (4, 700) }
        #expect(notices.looked(busy, at: 5 * Self.second - 1) == [])
        #expect(notices.looked(busy, at: 5 * Self.second) == ["STATUS=agents: 4, queued: 7, messages/s: 120"])
        let ill = look { ($0.trouble, $0.accepted) = ([.init(name: "store", reason: "disk\nfull")], 700) }
        #expect(
            notices.looked(ill, at: 6 * Self.second)
                == ["STATUS=not ready: store: disk full; agents: 3, queued: 7, messages/s: 0"]
        )
        let counting = look { ($0.trouble, $0.accepted) = ([.init(name: "store", reason: "disk full for 7 s")], 700) }
        #expect(notices.looked(counting, at: 7 * Self.second) == [])
        #expect(notices.looked(ill, at: 60 * Self.second) == [])
    }

    @Test func troubleOfAnyLengthFits() {
        var notices = ServiceNotices(watchdog: nil)
        let ill = look { $0.trouble = [.init(name: "store", reason: String(repeating: "x", count: 10_000))] }
        #expect(notices.looked(ill, at: 0).last?.count ?? 0 < 300)
    }

    @Test func fedAtHalfOfTheWatchdogsTimeWhileTheLoopsTurn() {
        var notices = ServiceNotices(watchdog: 2_000_000)
        #expect(notices.looked(well, at: 0).last == "WATCHDOG=1")
        #expect(notices.looked(well, at: Self.second - 1) == [])
        #expect(notices.looked(well, at: Self.second) == ["WATCHDOG=1"])
        let stuck = look { $0.loopsTurn = false }
        for time in 2...4 { #expect(notices.looked(stuck, at: UInt64(time) * Self.second) == []) }
        #expect(notices.looked(well, at: 4 * Self.second + 1) == ["WATCHDOG=1"])
    }

    @Test func reloadIsTwoNoticesOfARunningService() {
        var notices = ServiceNotices(watchdog: nil)
        #expect(notices.reloading(at: 1) == [])
        #expect(notices.reloaded() == [])
        _ = notices.looked(well, at: 0)
        #expect(notices.reloading(at: 17) == ["RELOADING=1", "MONOTONIC_USEC=17"])
        #expect(notices.reloaded() == ["READY=1"])
    }

    @Test func whoStopsIsNotReadyAgain() {
        var notices = ServiceNotices(watchdog: 2_000_000)
        #expect(notices.stopping(within: 50_000_000) == ["STOPPING=1", "EXTEND_TIMEOUT_USEC=50000000"])
        let draining = look { $0.trouble = [.init(name: "draining", reason: "the relay is draining")] }
        #expect(
            notices.looked(draining, at: 0)
                == ["STATUS=draining; agents: 3, queued: 7, messages/s: 0", "WATCHDOG=1"]
        )
        #expect(notices.reloading(at: 1) == [])
        #expect(notices.reloaded() == [])
    }

    @Test(
        arguments: [
            ([:], nil), (["WATCHDOG_USEC": "30000000"], 30_000_000), (["WATCHDOG_USEC": "5", "WATCHDOG_PID": "42"], 5),
            (["WATCHDOG_USEC": "5", "WATCHDOG_PID": "43"], nil), (["WATCHDOG_USEC": "0"], nil),
            (["WATCHDOG_USEC": "18446744073709551615"], nil), (["WATCHDOG_USEC": "soon"], nil),
        ] as [([String: String], UInt64?)]
    )
    func theWatchdogIsForTheProcessItNames(environment: [String: String], expected: UInt64?) {
        #expect(ServiceReport.watchdog(environment, processID: 42) == expected)
    }

    @Test(arguments: ["", "relative", "vsock:2:1234", "/" + String(repeating: "x", count: 107)])
    func aNameThatIsNoSocketIsNone(name: String) {
        #expect(NotifySocket(name: name) == nil)
    }
}
