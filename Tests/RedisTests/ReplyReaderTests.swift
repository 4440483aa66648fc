import NIOCore
import Testing

@testable import Redis

@Suite struct ReplyReaderTests {
    private let stream =
        "+OK\r\n:-7\r\n$-1\r\n$5\r\na\r\nb\0\r\n*3\r\n:1\r\n*2\r\n$0\r\n\r\n-ERR x\r\n$1\r\nz\r\n-OOM full\r\n"
    private let expected: [RedisReply] = [
        .status("OK"), .integer(-7), .null, .string(ByteBuffer(string: "a\r\nb\0")),
        .array([
            .integer(1), .array([.string(ByteBuffer()), .error("ERR x")]), .string(ByteBuffer(string: "z")),
        ]), .error("OOM full"),
    ]

    @Test(arguments: [1, 2, 3, 1_000]) func readsRepliesHoweverTheyAreCut(_ size: Int) throws {
        let reader = try ReplyReader(maxReplyBytes: 1_000)
        var rest = ByteBuffer(string: stream)
        var read: [RedisReply] = []
        while rest.readableBytes > 0, let part = rest.readSlice(length: min(size, rest.readableBytes)) {
            try reader.feed(part)
            while let reply = try reader.next() { read.append(reply) }
        }
        #expect(read == expected)
    }

    @Test func aReplyOverTheBoundIsAnErrorBeforeItIsHeld() throws {
        let reader = try ReplyReader(maxReplyBytes: 100)
        try reader.feed(ByteBuffer(string: "$200\r\n" + String(repeating: "x", count: 80)))
        #expect(try reader.next() == nil)
        #expect(throws: RedisFailure.temporary("a reply is longer than 100 bytes")) {
            try reader.feed(ByteBuffer(string: String(repeating: "x", count: 40)))
        }
    }

    @Test func saysThatAnotherProtocolIsNotRedis() throws {
        let reader = try ReplyReader(maxReplyBytes: 1_000)
        try reader.feed(ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\n"))
        let failure = #expect(throws: RedisFailure.self) { try reader.next() }
        #expect(failure?.description.hasPrefix("what the server sent is not the Redis protocol") == true)
    }

    @Test(arguments: [
        ("WRONGPASS x", RedisFailure.refused("WRONGPASS x")), ("NOAUTH x", .refused("NOAUTH x")),
        ("NOPERM x", .refused("NOPERM x")), ("LOADING x", .temporary("LOADING x")),
        ("READONLY x", .temporary("READONLY x")), ("OOM x", .outOfMemory("OOM x")),
        ("ERR LOADING", .command("ERR LOADING")),
        (
            "ERR Error running script (call to f_ab): @user_script:3: @user_script: 3: -OOM command not allowed",
            .outOfMemory("OOM command not allowed")
        ),
    ])
    func tellsErrorsApartByTheirFirstWord(_ text: String, _ failure: RedisFailure) {
        #expect(RedisFailure(reply: text) == failure)
    }

    @Test func triesAllAddressesThenWaitsLongerEachRound() {
        var reconnection = Reconnection(addresses: 2)
        var tried: [Int] = []
        var delays: [Int64] = []
        for _ in 0..<16 {
            tried.append(reconnection.address)
            delays.append(reconnection.failed(chance: 0).nanoseconds / 1_000_000)
        }
        #expect(tried == (0..<16).map { $0 % 2 })
        #expect(delays == [0, 100, 0, 200, 0, 400, 0, 800, 0, 1_600, 0, 3_200, 0, 5_000, 0, 5_000])
        reconnection.succeeded()
        _ = reconnection.failed(chance: 0)
        #expect(reconnection.failed(chance: 0.5) == .milliseconds(75))
    }
}
