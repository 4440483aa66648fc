import NIOCore
import Testing

@testable import Redis

@Suite struct ClusterTableTests {
    private typealias Address = RedisSettings.Address

    private let asked = Address(host: "seed", port: 7000)

    private func endpoint(_ host: RedisReply, _ port: Int64) -> RedisReply {
        .array([host, .integer(port), .string(ByteBuffer(string: "some id")), .array([])])
    }

    private func name(_ text: String) -> RedisReply { .string(ByteBuffer(string: text)) }

    /// As `redis-cli CLUSTER KEYSLOT` says of a real server.
    @Test(arguments: [
        ("foo", 12_182), ("{user1000}.following", 3443), ("foo{}{bar}", 8363), ("foo{{bar}}zap", 4015),
        ("123456789", 12_739), ("", 0), ("{q:3}", 854),
    ])
    func keysLieWhereRedisLooksForThem(key: String, slot: Int) { #expect(KeySlot.of(key) == slot) }

    @Test func slotsHaveTheNodesThatWereTold() throws {
        let reply = RedisReply.array([
            .array([.integer(0), .integer(99), endpoint(name("a"), 1), endpoint(name("b"), 2)]),
            // Neither knows its own name.
            .array([.integer(100), .integer(100), endpoint(.null, 3)]),
            .array([.integer(101), .integer(200), endpoint(name(""), 4)]),
        ])
        var table = try #require(SlotTable(reply, from: asked))
        #expect(table.owner(of: 99) == Address(host: "a", port: 1))
        #expect(table.owner(of: 100) == Address(host: "seed", port: 3))
        #expect(table.owner(of: 101) == Address(host: "seed", port: 4))
        #expect(table.owner(of: 201) == nil)
        #expect(table.nodes.count == 4 && table.primaries.count == 3)
        table.move(99, to: Address(host: "b", port: 2))
        #expect(table.owner(of: 99) == Address(host: "b", port: 2) && table.owner(of: 98)?.host == "a")
    }

    @Test func whatIsNoTableIsNone() {
        let (a, none) = (endpoint(name("a"), 1), RedisReply.null)
        for entry in [
            [.integer(0), .integer(16_384), a], [.integer(5), .integer(4), a], [.integer(-1), .integer(4), a],
            [.integer(0), .integer(1)], [.integer(0), .integer(1), none], [none, none, none],
        ] as [[RedisReply]] {
            #expect(SlotTable(.array([.array(entry)]), from: asked) == nil)
        }
        #expect(SlotTable(.status("OK"), from: asked) == nil)
    }

    @Test(arguments: [
        ("MOVED 3999 127.0.0.1:6381", Redirection.moved(.init(host: "127.0.0.1", port: 6381))),
        ("MOVED 3999 :6381", .moved(.init(host: "seed", port: 6381))),
        ("MOVED 3999 ::1:6381", .moved(.init(host: "::1", port: 6381))),
        ("ASK 3999 redis.internal:6381", .ask(.init(host: "redis.internal", port: 6381))),
        ("TRYAGAIN Multiple keys request during rehashing of slot", .unsettled),
        ("CLUSTERDOWN Hash slot not served", .unsettled), ("MOVED 3999", nil), ("MOVED 3999 nowhere", nil),
        ("CROSSSLOT Keys in request don't hash to the same slot", nil), ("LOADING Redis is loading", nil),
    ])
    func redirectionsAreRead(text: String, expected: Redirection?) {
        #expect(Redirection(RedisFailure(reply: text), from: asked) == expected)
    }
}
