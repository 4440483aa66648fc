import NIOCore
import RedisFixture
import Synchronization
import Testing

@testable import Redis

@Suite(.serialized) struct RealServerTests {
    @Test func anyBytesGoThereAndBack() async throws {
        let server = try RedisServer()
        let client = try await Client(server.port)
        let bytes = ByteBuffer(bytes: (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        var set = RedisCommand("SET", "key \0\r\n")
        set.append(bytes)
        #expect(await client.client.send(set).reply == .status("OK"))
        #expect(await client.send("GET", "key \0\r\n").reply == .string(bytes))
        #expect(await client.send("GET", "other").reply == .null)
        let nested = await client.send("EVAL", "return {1, {2, {3, {'x', {}}}}, false}", "0").reply
        let x = RedisReply.string(ByteBuffer(string: "x"))
        #expect(
            nested
                == .array([
                    .integer(1), .array([.integer(2), .array([.integer(3), .array([x, .array([])])])]), .null,
                ])
        )
        #expect(await client.send("NONSENSE").failure?.description.hasPrefix("ERR unknown command") == true)
        try await client.close()
    }

    @Test func repliesFindTheirCommands() async throws {
        let server = try RedisServer()
        let client = try await Client(server.port)
        await withTaskGroup { group in
            for number in 0..<2_000 {
                group.addTask {
                    let expected = RedisReply.string(ByteBuffer(string: "\(number)"))
                    #expect(await client.send("ECHO", "\(number)").reply == expected)
                }
            }
        }
        try await client.close()
    }

    @Test func whoIsRefusedIsToldSo() async throws {
        let server = try RedisServer(["--requirepass", "right", "--user", "relay", "on", ">own", "~*", "+@all"])
        let plain = try RedisServer()
        for (port, username, password, database, text) in [
            (server.port, "", "wrong", 0, "WRONGPASS"), (server.port, "", "", 0, "NOAUTH"),
            (server.port, "nobody", "own", 0, "WRONGPASS"), (server.port, "", "right", 16, "ERR DB index"),
            (plain.port, "", "any", 0, "ERR AUTH"),
        ] {
            let client = try await Client(port) { settings, _ in
                (settings.username, settings.password, settings.database) = (username, password, database)
            }
            guard case .failure(.refused(let reason)) = client.first else {
                Issue.record("\(client.first)")
                continue
            }
            #expect(reason.hasPrefix(text))
            try await client.close()
        }
    }

    @Test(arguments: [("", "right", 15), ("relay", "own", 0)])
    func whoIsKnownMayUseItsDatabase(_ username: String, _ password: String, _ database: Int) async throws {
        let server = try RedisServer(["--requirepass", "right", "--user", "relay", "on", ">own", "~*", "+@all"])
        let client = try await Client(server.port) { settings, _ in
            (settings.username, settings.password, settings.database) = (username, password, database)
        }
        #expect(await client.send("SET", "a", "1").reply == .status("OK"))
        try await client.close()
        let found = try server.cli("--no-auth-warning", "-a", "right", "-n", "\(database)", "GET", "a")
        #expect(found == "1")
    }

    @Test func theFirstAddressThatAnswersIsUsed() async throws {
        let (server, absent) = (try RedisServer(), try RedisServer(isStarted: false))
        let client = try await Client(absent.port, server.port)
        #expect(throws: Never.self) { try client.first.get() }
        #expect(await client.send("PING").reply == .status("PONG"))
        try await client.close()
    }

    @Test func aReplicaIsLeftForTheNextAddress() async throws {
        let primary = try RedisServer()
        let replica = try RedisServer(["--replicaof", "127.0.0.1", "\(primary.port)"])
        let client = try await Client(replica.port, primary.port)
        #expect(await client.send("SET", "a", "1").failure?.description.hasPrefix("READONLY") == true)
        await client.changes.wait(for: [true, false, true])
        #expect(await client.send("SET", "a", "1").reply == .status("OK"))
        try await client.close()
    }

    @Test func whatIsOwedIsWaitedForAtTheEnd() async throws {
        let server = try RedisServer()
        let client = try await Client(server.port)
        let answer = Mutex<RedisClient.Answer?>(nil)
        client.client.send(bytes: 64, { RedisCommand("BLPOP", "nothing", "0.1") }) { reply in
            answer.withLock { $0 = reply }
        }
        try await client.close()
        #expect(answer.withLock { $0?.reply } == .null)
        #expect(await client.send("PING").failure == .closed)
    }
}
