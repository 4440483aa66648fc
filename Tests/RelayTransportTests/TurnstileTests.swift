import NIOCore
import RelayCore
import Testing

@testable import RelayTransport

@Suite struct TurnstileTests {
    private static func network(_ address: String) throws -> ClientNetwork {
        ClientNetwork(try SocketAddress(ipAddress: address, port: 1))
    }

    @Test(
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::1", "0:0:0:0::/64"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ]
    )
    func networks(address: String, text: String) throws {
        #expect(try Self.network(address).description == text)
    }

    @Test func anIPv6NetworkCountsAsOne() throws {
        #expect(try Self.network("2001:db8::1") == Self.network("2001:db8::ffff:1"))
        #expect(try Self.network("2001:db8::1") != Self.network("2001:db8:0:1::1"))
        #expect(try Self.network("0.0.0.1") != Self.network("::1"))
        #expect(ClientNetwork(nil).description == "")
    }

    @Test func connectionsOfAllAndOfOneAddress() throws {
        let limits = TransportLimits(
            maxConnections: 3,
            maxConnectionsPerIP: 2,
            connectionsPerIPPerSecond: 0,
            connectionsPerSecond: 0
        )
        let turnstile = Turnstile(limits: limits)
        let (one, other) = try (Self.network("192.0.2.1"), Self.network("192.0.2.2"))
        let inside = Turnstile.Entry.admitted(isRateTracked: true)
        #expect((0..<2).map { _ in turnstile.enter(from: one, at: 0) } == [inside, inside])
        #expect(turnstile.enter(from: one, at: 0) == .refused(.connectionsPerIP, retryAfter: .seconds(5)))
        #expect(turnstile.enter(from: other, at: 0) == inside)
        #expect(turnstile.enter(from: other, at: 0) == .refused(.connections, retryAfter: .seconds(5)))
        #expect(turnstile.counts == (3, 2))
        turnstile.leave(inside, from: one)
        turnstile.leave(.refused(.connections, retryAfter: 0), from: other)
        #expect(turnstile.counts == (2, 1))
        #expect(turnstile.enter(from: one, at: 0) == inside)
    }

    @Test func refusedSocketsAreBoundedToo() throws {
        let turnstile = Turnstile(limits: TransportLimits(maxConnections: 0))
        let network = try Self.network("192.0.2.1")
        for _ in 0..<Turnstile.maxRefused { _ = turnstile.enter(from: network, at: 0) }
        #expect(turnstile.enter(from: network, at: 0) == .turnedAway(.connections))
        turnstile.leave(.turnedAway(.connections), from: network)
        #expect(turnstile.counts == (0, Turnstile.maxRefused))
    }

    /// Behind a proxy the address is known later, and counts from then on.
    @Test func anAddressThatIsToldLater() throws {
        let turnstile = Turnstile(
            limits: TransportLimits(maxConnections: 3, maxConnectionsPerIP: 1, connectionsPerIPPerSecond: 0)
        )
        let network = try Self.network("192.0.2.1")
        let visits = (0..<3).map { _ in Visit(turnstile, from: nil, at: 0) }
        #expect(Visit(turnstile, from: nil, at: 0).entry == .refused(.connections, retryAfter: .seconds(5)))
        for visit in visits.prefix(2) { visit.attribute(to: network, at: 0) }
        #expect(visits[0].entry == .admitted(isRateTracked: true))
        #expect(visits[1].entry == .refused(.connectionsPerIP, retryAfter: .seconds(5)))
        #expect(turnstile.counts == (2, 2))
        for visit in visits { visit.leave() }
        #expect(turnstile.counts == (0, 1))
        #expect(turnstile.enter(from: network, at: 0) == .admitted(isRateTracked: true))
    }

    @Test func ratesOfAllAndOfOneAddress() throws {
        let limits = TransportLimits(maxConnectionsPerIP: 0, connectionsPerIPPerSecond: 2, connectionsPerSecond: 3)
        let turnstile = Turnstile(limits: limits)
        let (one, other) = try (Self.network("192.0.2.1"), Self.network("192.0.2.2"))
        for _ in 0..<2 { #expect(turnstile.enter(from: one, at: 0) == .admitted(isRateTracked: true)) }
        #expect(
            turnstile.enter(from: one, at: 0)
                == .refused(.connectionsPerIPPerSecond, retryAfter: .milliseconds(500))
        )
        #expect(turnstile.enter(from: other, at: 0) == .admitted(isRateTracked: true))
        guard case .refused(.connectionsPerSecond, _) = turnstile.enter(from: other, at: 0) else {
            Issue.record("the fourth in a second was let in")
            return
        }
        #expect(turnstile.enter(from: one, at: .milliseconds(500)) == .admitted(isRateTracked: true))
    }
}

@Suite struct TokenBucketsTests {
    @Test func aBurstThenTheRate() {
        var buckets = TokenBuckets<String>(limit: 10, per: .seconds(60), capacity: 4)
        for _ in 0..<10 {
            #expect(buckets.wait("a", at: 100) == nil)
            let isTracked = buckets.take("a", at: 100)
            #expect(isTracked)
        }
        #expect(buckets.wait("a", at: 100) == .seconds(6))
        #expect(buckets.wait("b", at: 100) == nil)
        #expect(buckets.wait("a", at: 100 + .seconds(6) - 1) == 1)
        #expect(buckets.wait("a", at: 100 + .seconds(6)) == nil)
    }

    @Test func zeroIsNoLimit() {
        var buckets = TokenBuckets<String>(limit: 0, per: .seconds(1), capacity: 0)
        let isTracked = buckets.take("a", at: 0)
        #expect(isTracked)
        #expect(buckets.wait("a", at: 0) == nil)
        #expect(buckets.count == 0)
    }

    /// The table forgets whom it may, once a second, and lets through whom it has no room for.
    @Test func theTableIsBounded() {
        var buckets = TokenBuckets<Int>(limit: 1, per: .seconds(10), capacity: 3)
        let tracked = (0..<4).map { buckets.take($0, at: .seconds(1)) }
        #expect(tracked == [true, true, true, false])
        #expect(buckets.wait(3, at: .seconds(1)) == nil)
        #expect(buckets.wait(0, at: .seconds(1)) != nil)
        let isTracked = buckets.take(3, at: .seconds(11))
        #expect(isTracked)
        #expect(buckets.count == 1)
    }
}
