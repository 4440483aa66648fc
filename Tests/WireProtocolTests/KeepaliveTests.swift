import Testing
import WireProtocol

/// Time is an argument; seconds here.
@Suite struct KeepaliveTests {
    private static let second: UInt64 = 1_000_000_000

    private struct Clocked {
        var agent: TestAgent

        init(_ configuration: SessionConfiguration = SessionConfiguration(relayID: "r"), open: Bool = true) {
            agent = TestAgent(configuration: configuration)
            if open { agent.enter() }
        }

        var deadline: Double? { agent.session.nextDeadline.map { Double($0) / Double(second) } }

        mutating func pass(to seconds: Double) -> SessionAction {
            agent.session.timePassed(at: UInt64(seconds * Double(second)), wallClock: 123)
        }

        mutating func pong(at seconds: Double) {
            agent.now = UInt64(seconds * Double(second))
            agent.send(Pong(answering: Ping(timestamp: 1, sequence: 1)))
        }
    }

    private static func ping(_ sequence: UInt64) -> SessionAction {
        .send([OutgoingFrame(Ping(timestamp: 123, sequence: sequence))])
    }

    @Test func handshakeHasFiveSeconds() {
        var clocked = Clocked(open: false)
        #expect(clocked.deadline == 5)
        #expect(clocked.pass(to: 4.999) == .none)
        clocked.agent.hello()
        #expect(clocked.deadline == 5)
        #expect(clocked.pass(to: 5) == .disconnect(.handshakeTimeout, sending: []))
        #expect(clocked.deadline == nil)
        #expect(clocked.pass(to: 6) == .none)
    }

    @Test func threeMissedPingsEndIt() {
        var clocked = Clocked()
        #expect(clocked.deadline == 30)
        #expect(clocked.pass(to: 29) == .none)
        #expect(clocked.pass(to: 30) == Self.ping(1))
        #expect(clocked.deadline == 60)
        #expect(clocked.pass(to: 45) == .none)
        #expect(clocked.pass(to: 60) == Self.ping(2))
        #expect(clocked.pass(to: 90) == Self.ping(3))
        #expect(clocked.deadline == 100)
        #expect(clocked.pass(to: 99) == .none)
        #expect(clocked.pass(to: 100) == .disconnect(.keepaliveMissed, sending: []))
    }

    @Test func anAnswerStartsTheCountAgain() {
        var clocked = Clocked()
        #expect(clocked.pass(to: 30) == Self.ping(1))
        #expect(clocked.pass(to: 60) == Self.ping(2))
        #expect(clocked.pass(to: 90) == Self.ping(3))
        clocked.pong(at: 95)
        #expect(clocked.deadline == 125)
        #expect(clocked.pass(to: 100) == .none)
        #expect(clocked.pass(to: 125) == Self.ping(4))
    }

    @Test func anyFrameIsALifeSign() {
        var clocked = Clocked()
        clocked.agent.now = 20 * Self.second
        clocked.agent.send(0x10, payload: Wire.message())
        #expect(clocked.deadline == 50)
        clocked.agent.now = 40 * Self.second
        clocked.agent.send(0x31)
        #expect(clocked.deadline == 70)
    }

    @Test func idleIsASilenceOfFiveMinutes() {
        var clocked = Clocked(SessionConfiguration(relayID: "r", keepaliveInterval: 0))
        #expect(clocked.deadline == 300)
        clocked.pong(at: 10)
        #expect(clocked.pass(to: 309) == .none)
        #expect(clocked.pass(to: 310) == .disconnect(.idle, sending: []))
    }

    @Test func bothLimitsOff() {
        var clocked = Clocked(SessionConfiguration(relayID: "r", idleTimeout: 0, keepaliveInterval: 0))
        #expect(clocked.deadline == nil)
        #expect(clocked.pass(to: 1_000_000) == .none)
    }

    @Test func aTimeoutLongerThanTheInterval() {
        let configuration = SessionConfiguration(
            relayID: "r",
            keepaliveInterval: 10 * Self.second,
            keepaliveTimeout: 25 * Self.second,
            maxMissedPings: 2
        )
        var clocked = Clocked(configuration)
        #expect(clocked.pass(to: 10) == Self.ping(1))
        #expect(clocked.deadline == 35)
        #expect(clocked.pass(to: 35) == Self.ping(2))
        #expect(clocked.pass(to: 60) == .disconnect(.keepaliveMissed, sending: []))
    }

    @Test func aStoppedClockCountsNoSilence() {
        var clocked = Clocked()
        #expect(clocked.pass(to: 30) == Self.ping(1))
        #expect(clocked.pass(to: 60) == Self.ping(2))
        #expect(clocked.pass(to: 90) == Self.ping(3))
        clocked.agent.session.keepaliveStopped(at: 95 * Self.second)
        clocked.agent.session.keepaliveStopped(at: 97 * Self.second)
        #expect(clocked.deadline == nil)
        #expect(clocked.pass(to: 1000) == .none)
        clocked.agent.session.keepaliveResumed(at: 1000 * Self.second)
        #expect(clocked.deadline == 1005)
        #expect(clocked.pass(to: 1004) == .none)
        #expect(clocked.pass(to: 1005) == .disconnect(.keepaliveMissed, sending: []))
    }

    @Test func whatWasHeardWhileStoppedIsNotInTheFuture() {
        var clocked = Clocked()
        clocked.agent.session.keepaliveStopped(at: 10 * Self.second)
        clocked.pong(at: 15)
        clocked.agent.session.keepaliveResumed(at: 20 * Self.second)
        #expect(clocked.deadline == 50)
        clocked.agent.session.keepaliveResumed(at: 25 * Self.second)
        #expect(clocked.deadline == 50)
    }

    @Test func endOfTimeDoesNotTrap() {
        var agent = TestAgent(openedAt: .max - 1)
        #expect(agent.session.nextDeadline == .max)
        agent.enter()
        agent.session.keepaliveStopped(at: 0)
        agent.session.keepaliveResumed(at: .max)
        #expect(agent.session.nextDeadline == .max)
        #expect(agent.session.timePassed(at: .max, wallClock: 0) != .none)
    }
}
