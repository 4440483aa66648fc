import Testing
import WireProtocol

@testable import RelayCore

/// What a home with nothing to do does every second.
@Suite struct SweepTests {
    private let agent = Names.agent(1)
    private let connection = ConnectionRef(loop: 0, slot: 1, generation: 1)

    private func home() -> Home {
        var home = Home(settings: RelaySettings(), hasStore: true)
        home.register(agent, connection)
        return home
    }

    private func readings(_ home: inout Home) -> [QueueReading] {
        var effects: [HomeEffect] = []
        home.takeEffects(into: &effects)
        return effects.compactMap { if case .load(let reading) = $0 { reading } else { nil } }
    }

    /// 20,000 agents that were visited each second though nothing was on its way to them cost 6 ms of a loop.
    @Test func leavesAnAgentAloneWhoseQueueIsRead() throws {
        var home = home()
        let reading = try #require(readings(&home).first)
        let page = QueuePage(messages: [], isLast: true)
        home.loaded(reading, .success(page), at: .seconds(1), wallClock: 0)
        home.timePassed(at: .seconds(1), wallClock: 0)
        #expect(home.watched.isEmpty)
        #expect(home.nextDeadline == nil)
    }

    @Test func readsAgainAfterALoadThatFailed() throws {
        var home = home()
        let reading = try #require(readings(&home).first)
        home.loaded(reading, .failure(.unavailable(reason: "test")), at: .seconds(1), wallClock: 0)
        #expect(home.nextDeadline != nil)
        home.timePassed(at: .seconds(2), wallClock: 0)
        #expect(readings(&home).map(\.recipient) == [agent])
    }

    /// An agent that left and came back between two sweeps is another entry; the first must not take it away.
    @Test func forgetsNoAgentForAnEarlierStayOfIt() throws {
        var home = home()
        home.unregister(agent, connection)
        home.register(agent, connection)
        let known = try #require(home.recipients[agent])
        home.timePassed(at: .seconds(1), wallClock: 0)
        #expect(home.recipients[agent] === known)
    }
}
