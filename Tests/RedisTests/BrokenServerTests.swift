import NIOCore
import NIOPosix
import RedisFixture
import Synchronization
import Testing

@testable import Redis

@Suite(.serialized) struct BrokenServerTests {
    @Test func aServerThatIsAwayIsFoundWhenItComes() async throws {
        let server = try RedisServer(isStarted: false)
        let client = try await Client(server.port)
        let failure = RedisFailure.temporary("127.0.0.1:\(server.port): Connection refused")
        #expect(throws: failure) { try client.first.get() }
        #expect(await client.send("PING").failure == failure)
        try server.start()
        await client.changes.wait(for: [false, true])
        #expect(await client.send("PING").reply == .status("PONG"))
        try await client.close()
    }

    /// Commands before the cut are answered, those behind it fail, and none is sent again.
    @Test func aCutInTheMiddleOfABatchFailsTheRestOnce() async throws {
        let server = try RedisServer()
        let client = try await Client(server.port)
        let failures = Mutex<[Bool]>([])
        for number in 0..<200 {
            let cut = RedisCommand("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")
            client.client.send(bytes: 64, { number == 100 ? cut : RedisCommand("INCR", "n") }) { answer in
                failures.withLock { $0.append(answer.failure != nil) }
            }
        }
        await client.changes.wait(for: [true, false, true])
        let all = failures.withLock { $0 }
        #expect(all.count == 200)
        #expect(all.prefix(100).allSatisfy { !$0 })
        #expect(all.suffix(99).allSatisfy { $0 })
        #expect(try server.cli("GET", "n") == "100")
        try await client.close()
    }

    @Test func aFrozenServerIsGivenUpAndFoundAgain() async throws {
        let server = try RedisServer()
        let client = try await Client(server.port) { settings, _ in
            settings.answerTimeout = .milliseconds(200)
            settings.maxBytesInFlight = 1_000
        }
        server.freeze()
        let owed = Task { await client.client.send(RedisCommand("PING")) }
        #expect(await owed.value.failure == .temporary("no answer within 200 ms"))
        server.resume()
        await client.changes.wait(for: [true, false, true])
        #expect(await client.send("PING").reply == .status("PONG"))
        try await client.close()
    }

    /// Its table would take every slot away, though the cluster is whole.
    @Test func aNodeWithoutItsClusterIsNotBelieved() async throws {
        let node = try await SilentServer()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let settings = RedisSettings(addresses: [.init(host: "127.0.0.1", port: node.port)])
        let (cluster, first) = try await RedisCluster.start(settings, on: group.next())
        #expect(throws: RedisFailure.temporary("it knows of no slots")) { try first.get() }
        #expect(cluster.statistics.tables == 0)
        await withCheckedContinuation { continuation in cluster.close { continuation.resume() } }
        try await group.shutdownGracefully()
        try await node.close()
    }

    /// It would arrive behind what the next connection sends.
    @Test func whatWasGivenUpIsNotSentLater() async throws {
        let server = try await SilentServer()
        let client = try await Client(server.port) { settings, _ in settings.answerTimeout = .milliseconds(100) }
        #expect(await client.send("INCR", "n").failure == .temporary("no answer within 100 ms"))
        #expect(try await server.wasReset)
        try await client.close()
        try await server.close()
    }

    @Test func anIdleConnectionToAFrozenServerIsNoticed() async throws {
        let server = try RedisServer()
        let client = try await Client(server.port) { settings, _ in
            settings.answerTimeout = .milliseconds(100)
            settings.heartbeat = .milliseconds(50)
        }
        server.freeze()
        await client.changes.wait(for: [true, false])
        server.resume()
        await client.changes.wait(for: [true, false, true])
        try await client.close()
    }

    @Test func tooManyBytesInFlightAreTurnedAway() async throws {
        let server = try RedisServer()
        let client = try await Client(server.port) { settings, _ in
            settings.maxBytesInFlight = 1_000
            settings.answerTimeout = .minutes(5)
        }
        server.freeze()
        async let answers = withTaskGroup { group in
            for _ in 0..<10 { group.addTask { await client.client.send(RedisCommand("PING")) } }
            return await group.reduce(into: [RedisClient.Answer]()) { answers, answer in
                answers.append(answer)
                // Only those that were turned away are answered while it is frozen.
                if answers.count == 7 { server.resume() }
            }
        }
        let all = await answers
        #expect(all.count { $0.failure == .full } == 7)
        #expect(all.count { $0.reply == .status("PONG") } == 3)
        #expect(client.client.load == .init(bytes: 0, refused: 7))
        try await client.close()
    }

    @Test func forgottenScriptsAreLoadedByANewConnection() async throws {
        let server = try RedisServer()
        let client = try await Client(server.port) { _, session in
            session.prepare = [RedisCommand("SCRIPT", "LOAD", "return 7")]
        }
        let sha = try server.cli("SCRIPT", "LOAD", "return 7")
        #expect(await client.send("EVALSHA", sha, "0").reply == .integer(7))
        try server.cli("SCRIPT", "FLUSH")
        #expect(await client.send("EVALSHA", sha, "0").failure?.description.hasPrefix("NOSCRIPT") == true)
        await client.changes.wait(for: [true, false, true])
        #expect(await client.send("EVALSHA", sha, "0").reply == .integer(7))
        try await client.close()
    }
}
