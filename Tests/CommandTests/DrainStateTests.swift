import RelayAdmin
import Synchronization
import Testing

@testable import moltrelay

@Suite struct DrainStateTests {
    private func state(at now: UInt64 = 5) -> DrainState { DrainState { now } }

    @Test func `a drain goes from waiting to drained and the relay is open again`() async {
        let state = state()
        #expect(state.phase == .running)
        #expect(state.begin(DrainState.Order(reconnectAfterMilliseconds: 7)) {})
        #expect(!state.begin(DrainState.Order()) {})
        await state.whenEnded()
        #expect(state.order.reconnectAfterMilliseconds == 7)
        #expect(state.wait(within: 2, isByHand: true))
        #expect(state.reading.deadline == 5 + 2_000_000)
        #expect(state.leaveWaiting(within: 3))
        #expect(await !state.callOff())
        state.ended(isComplete: false)
        #expect(state.phase == .drained && state.reading.isComplete == false && state.reading.deadline == nil)
        state.resumed()
        #expect(state.phase == .running && state.order.reconnectAfterMilliseconds == nil)
    }

    @Test func `called off while it waits, it sends nobody away`() async {
        let state = state()
        _ = state.begin(DrainState.Order()) {}
        #expect(await state.callOff())
        #expect(state.phase == .running)
        #expect(!state.wait(within: 1, isByHand: true))
        #expect(!state.leaveWaiting(within: 1))
        #expect(await !state.callOff())
    }

    @Test func `progress is told in words`() {
        func text(_ state: DrainDocument.State, _ left: Double?) -> String {
            DrainProgress.text(
                DrainDocument(
                    state: state,
                    since: "",
                    secondsLeft: left,
                    connections: 1,
                    inFlight: 3,
                    outboxBytes: 4_096,
                    complete: nil
                )
            )
        }
        #expect(text(.waiting, 4.2) == "not ready, agents still come: 1 connection, 5 s left")
        #expect(
            text(.draining, nil) == "sent away: 1 connection, 3 messages in flight, 4.0 KiB to be written"
        )
    }

    @Test(arguments: [["--resume", "--exit"], ["--reconnect-delay", "11m"], ["--reconnect-delay", "5"]])
    func `what makes no sense ends with 64`(arguments: [String]) throws {
        #expect(try Run.moltrelay(["drain"] + arguments).status == 64)
    }
}
