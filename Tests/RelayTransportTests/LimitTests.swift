import Identity
import NIOCore
import RelayCore
import Testing
import WireProtocol

@testable import RelayTransport

/// Limits on new connections, as an agent meets them.
@Suite struct LimitTests {
    @Test(
        arguments: [
            (ConnectionLimit.connections, "This relay has all the connections it takes (limits.max_connections).\n"),
            (
                .connectionsPerIP,
                "Your address has all the connections that one may have (limits.max_connections_per_ip).\n"
            ),
            (.memory, "This relay is short of memory (limits.max_memory_bytes).\n"),
            (
                .connectionsPerSecond,
                "Too many new connections to this relay at once (limits.connection_rate_per_second).\n"
            ),
            (
                .connectionsPerIPPerSecond,
                "Too many new connections from your address at once (limits.connections_per_ip_per_second).\n"
            ),
        ]
    )
    func theSecondConnectionIsRefused(limit: ConnectionLimit, body: String) throws {
        var limits = RelayUnderTest.unlimited
        switch limit {
        case .memory: break
        case .connections: limits.maxConnections = 1
        case .connectionsPerIP: limits.maxConnectionsPerIP = 1
        case .connectionsPerSecond: limits.connectionsPerSecond = 1
        case .connectionsPerIPPerSecond: limits.connectionsPerIPPerSecond = 1
        }
        let relay = try RelayUnderTest(limits: limits)
        let first = try TestAgent(relay)
        if limit == .memory { relay.listener.memory(is: .tight) }
        let second = try TestSocket(port: relay.port)
        try second.write(TestAgent.request.utf8)
        let text = String(decoding: try second.readToEnd(), as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(text.contains("\r\nRetry-After: "))
        #expect(text.hasSuffix("\r\n\r\n" + body))
        try relay.log.wait(for: .connectionRefused(limit))
        #expect(relay.log.failures == [.limit])
        withExtendedLifetime(first) {}
    }

    /// New limits hold for who comes later, and who is there stays.
    @Test func limitsThatChange() throws {
        let relay = try RelayUnderTest()
        let agents = try (0..<2).map { _ in try TestAgent.admitted(relay) }
        var limits = RelayUnderTest.unlimited
        limits.maxConnectionsPerIP = 1
        limits.handshakeTimeout = .seconds(1)
        let session = SessionConfiguration(relayID: "relay")
        relay.listener.update(session, limits, connectionsPerAgentPerMinute: 1)
        try relay.onEveryLoop { $0.limit(connectionsPerAgent: 3) }
        let refused = try TestSocket(port: relay.port)
        try refused.write(TestAgent.request.utf8)
        #expect(String(decoding: try refused.readToEnd(), as: UTF8.self).hasPrefix("HTTP/1.1 503 "))

        limits.maxConnectionsPerIP = 0
        relay.listener.update(session, limits, connectionsPerAgentPerMinute: 1)
        // A minute's one, and the third in all.
        _ = try TestAgent.admitted(relay)
        let failure = try AuthFail(json: try TestAgent(relay).authenticate().payload)
        #expect(failure.message == "this agent may open 1 connections a minute")
        relay.listener.update(session, limits, connectionsPerAgentPerMinute: 0)
        let slow = try TestSocket(port: relay.port)
        try slow.write("GET ".utf8)
        #expect(String(decoding: try slow.readToEnd(), as: UTF8.self).hasPrefix("HTTP/1.1 408 "))
        withExtendedLifetime(agents) {}
    }

    @Test func aPlaceIsGivenBack() throws {
        var limits = RelayUnderTest.unlimited
        limits.maxConnections = 1
        let relay = try RelayUnderTest(limits: limits)
        for round in 1...3 {
            let agent = try TestAgent.admitted(relay)
            try agent.sendClose(1000)
            #expect(try agent.next() == .close(1000))
            // The end of the stream is read before the relay's socket is gone; its own descriptor comes first.
            #expect(try agent.next() == .end)
            agent.socket.close()
            try relay.log.waitForClose(round)
            try relay.settle()
        }
        #expect(relay.log.failures == [])
    }

    @Test func fiveConnectionsOfAnAgent() throws {
        let relay = try RelayUnderTest()
        let agents = try (0..<5).map { _ in try TestAgent.admitted(relay) }
        let sixth = try TestAgent(relay)
        let failure = try AuthFail(json: sixth.authenticate().payload)
        #expect(failure.knownCode == .tooManyConnections)
        #expect(failure.message == "this agent has 5 connections, which is the limit")
        #expect(try sixth.next() == .close(4001))
        sixth.socket.close()
        #expect(try relay.log.waitForClose() == [.authentication])
        let another = try TestAgent.admitted(relay, name: "another")
        try agents[0].sendClose(1000)
        try relay.log.waitForClose(2)
        try relay.settle()
        _ = try TestAgent.admitted(relay)
        withExtendedLifetime((agents, another)) {}
    }

    @Test func newConnectionsOfAnAgentInAMinute() throws {
        let relay = try RelayUnderTest(connectionsPerAgentPerMinute: 2)
        for _ in 0..<2 { _ = try TestAgent.admitted(relay) }
        let third = try TestAgent(relay)
        let failure = try AuthFail(json: third.authenticate().payload)
        #expect(failure.knownCode == .rateLimited)
        #expect(failure.message == "this agent may open 2 connections a minute")
        #expect(failure.retryAllowed)
        #expect((1...30_000).contains(failure.retryAfterMilliseconds ?? 0))
        #expect(try third.next() == .close(4001))
        _ = try TestAgent.admitted(relay, name: "another")
    }

    /// What a stranger does in an agent's name uses up nothing of the agent's.
    @Test func onlyAProvedAgentIsCounted() throws {
        let relay = try RelayUnderTest(connectionsPerAgentPerMinute: 2)
        let owner = try TestAgent.admitted(relay)
        for _ in 0..<3 {
            let stranger = try TestAgent(relay, key: .generate())
            let failure = try AuthFail(json: stranger.authenticate().payload)
            #expect(failure.knownCode == .keyPinned)
        }
        _ = try TestAgent.admitted(relay, name: owner.name)
    }
}
