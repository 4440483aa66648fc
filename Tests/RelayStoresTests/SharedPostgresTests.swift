import Foundation
import Postgres
import PostgresFixture
import RelayCore
import RelayStores
import StoreFixtures
import Testing
import WireProtocol

/// Several relays on one queue, each with its part of the books.
@Suite(.serialized) struct SharedPostgresTests {
    private let server: PostgresServer

    init() async throws { server = try await PostgresServer.launch() }

    private func open(_ name: String) async throws -> PostgresStore {
        var settings = PostgresSettings(hosts: ["127.0.0.1"], database: "postgres", user: PostgresServer.user)
        settings.port = server.port
        settings.security = .disable
        return try await PostgresStore.open(settings, limits: QueueLimits(maxSharePerSender: 1), name: name)
    }

    /// As it is after the next sweep and whatever it did.
    private func share(_ store: PostgresStore) async throws -> StoreTotals.Share {
        _ = try await store.expire(now: 0, limit: 1)
        _ = try await store.commit([.remove(Sample.message(999).key)])
        return try #require(store.totals.own)
    }

    private func letAllPassForGone() throws {
        try server.sql("UPDATE moltrelay.relays SET seen_at = seen_at - 61000 WHERE seen_at >= 0")
    }

    /// Accepted and so on are what the test did; the rest of the books is the store's, as a scrape has it.
    private func isBalanced(_ store: PostgresStore, put: Int, removed: Int) -> Bool {
        let (totals, own) = (store.totals, store.totals.own)
        let (takenOver, handedOver) = (own?.takenOver ?? -1, own?.handedOver ?? -1)
        return put + max(0, totals.recovered) + takenOver == removed + (own?.messages ?? -1) + handedOver
    }

    @Test func eachMessageIsCountedByTheOneThatPutIt() async throws {
        let (a, b) = (try await open("a"), try await open("b"))
        for id in UInt64(1)...5 { _ = try await a.put(Sample.message(id)) }
        for id in UInt64(11)...12 { _ = try await b.put(Sample.message(id)) }
        #expect(try await share(a).messages == 5)
        #expect(try await share(b).messages == 2)
        #expect(a.totals.messages == 7 && b.totals.messages == 7)
        #expect(try await share(a).bytes + share(b).bytes == a.totals.bytes)

        for id in UInt64(1)...3 { #expect(try await b.remove(Sample.message(id)) == .removed) }
        #expect(try await a.remove(Sample.message(11)) == .removed)
        #expect(try await a.remove(Sample.message(4)) == .removed)
        let (mine, theirs) = (try await share(a), try await share(b))
        #expect(mine.messages == 1 && mine.handedOver == 3 && mine.takenOver == 1)
        #expect(theirs.messages == 1 && theirs.handedOver == 1 && theirs.takenOver == 3)
        #expect(a.totals.recovered == 0 && b.totals.recovered == 0)
        #expect(isBalanced(a, put: 5, removed: 2) && isBalanced(b, put: 2, removed: 3))
        await a.close()
        await b.close()
    }

    /// Its own transactions are looked up again only where somebody else wrote after them.
    @Test func whatARelayKnowsEndsWhereAnotherWrites() async throws {
        let (a, b) = (try await open("a"), try await open("b"))
        let message = Sample.message(1)
        _ = try await a.put(message)
        #expect(try await b.remove(message) == .removed)
        #expect(try await a.remove(message) == .absent)
        _ = try await b.put(Sample.message(2))
        _ = try await a.put(message, Sample.message(3))
        #expect(try await a.put(Sample.message(2)) == [.duplicate])
        #expect(try await b.status(of: 2).messages == 3)
        for number in UInt64(1)...3 { #expect(try await a.remove(Sample.message(number)) == .removed) }
        #expect(try server.sql("SELECT count(*) FROM moltrelay.recipients") == "0")
        await b.close()
        // After some transactions with nobody between them it knows again: nobody tells it of this one.
        for number in UInt64(10)...40 { _ = try await a.put(Sample.message(number)) }
        try server.sql("DELETE FROM moltrelay.queue")
        #expect(try await a.remove(Sample.message(40)) == .removed)
        await a.close()
    }

    /// Expired and purged messages are somebody's too.
    @Test func whatASweepRemovesIsTakenOver() async throws {
        let (a, b) = (try await open("a"), try await open("b"))
        _ = try await a.put(Sample.message(1, expiresAt: Sample.now + 1), Sample.message(2, to: 3))
        #expect(try await b.expire(now: Sample.now + 1).count == 1)
        #expect(try await b.purge(3).count == 1)
        #expect(try await share(a) == .init(messages: 0, bytes: 0, takenOver: 0, handedOver: 2))
        #expect(try await share(b).takenOver == 2)
        await a.close()
        await b.close()
    }

    /// By name at once, and by others once it has not been seen for a while.
    @Test func whatAGoneRelayCountedIsCountedByAnother() async throws {
        let a = try await open("a")
        for id in UInt64(1)...3 { _ = try await a.put(Sample.message(id)) }
        await a.close()
        let b = try await open("b")
        #expect(try await share(b).messages == 0 && b.totals.messages == 3)
        let again = try await open("a")
        #expect(try await share(again).messages == 3 && again.totals.recovered == 3)
        await again.close()

        try letAllPassForGone()
        #expect(try await share(b).messages == 3 && b.totals.recovered == 3)
        #expect(try await b.remove(Sample.message(1)) == .removed)
        #expect(try await share(b) == .init(messages: 2, bytes: b.totals.bytes, takenOver: 0, handedOver: 0))
        for id in UInt64(2)...3 { _ = try await b.remove(Sample.message(id)) }
        try server.sql("UPDATE moltrelay.relays SET seen_at = seen_at + 86400001 WHERE seen_at < 0")
        let third = try await open("c")
        #expect(try server.sql("SELECT count(*) FROM moltrelay.relays") == "2", "those that are gone are forgotten")
        await third.close()
        await b.close()
    }

    /// It was away for so long that another counts its messages, and puts more.
    @Test func whoComesBackHandsOver() async throws {
        let (a, b) = (try await open("a"), try await open("b"))
        _ = try await a.put(Sample.message(1))
        try letAllPassForGone()
        #expect(try await share(b).messages == 1)
        _ = try await a.put(Sample.message(2))
        let (mine, theirs) = (try await share(a), try await share(b))
        #expect(mine.messages == 0 && mine.handedOver == 2)
        #expect(theirs.messages == 2 && b.totals.recovered == 2)
        #expect(try await a.remove(Sample.message(2)) == .removed)
        let (after, other) = (try await share(a), try await share(b))
        #expect(after.takenOver == 1 && other.handedOver == 1 && other.messages == 1)
        #expect(isBalanced(a, put: 2, removed: 1) && isBalanced(b, put: 0, removed: 0))
        await a.close()
        await b.close()
    }

    /// What others settled meanwhile it hears, though nothing of it is left.
    @Test func whoComesBackToNothingKeepsItsBooks() async throws {
        let (a, b) = (try await open("a"), try await open("b"))
        for id in UInt64(1)...5 { _ = try await a.put(Sample.message(id)) }
        try letAllPassForGone()
        #expect(try await share(b).messages == 5)
        for id in UInt64(1)...5 { #expect(try await b.remove(Sample.message(id)) == .removed) }
        let (mine, theirs) = (try await share(a), try await share(b))
        #expect(mine == .init(messages: 0, bytes: 0, takenOver: 0, handedOver: 5))
        #expect(theirs.messages == 0)
        #expect(isBalanced(a, put: 5, removed: 0) && isBalanced(b, put: 0, removed: 5))
        await a.close()
        await b.close()
    }

    /// The books hold whatever two relays do, one of them dying and coming back all the time.
    @Test func theBooksOfAllHoldOverManyTurns() async throws {
        var random = SystemRandomNumberGenerator()
        var stores = [try await open("a"), try await open("b")]
        var (put, removed, waiting) = ([0, 0], [0, 0], Set<UInt64>())
        for turn in UInt64(0)..<60 {
            let index = Int.random(in: 0...1, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                _ = try await stores[index].put(Sample.message(turn))
                waiting.insert(turn)
                put[index] += 1
            case 5..<8:
                guard let id = waiting.randomElement(using: &random) else { continue }
                waiting.remove(id)
                #expect(try await stores[index].remove(Sample.message(id)) == .removed)
                removed[index] += 1
            case 8:
                await stores[index].close()
                stores[index] = try await open(index == 0 ? "a" : "b")
                (put[index], removed[index]) = (0, 0)
            default: try letAllPassForGone()
            }
            let shares = [try await share(stores[0]), try await share(stores[1])]
            #expect(try await share(stores[0]).messages + shares[1].messages == waiting.count, "turn \(turn)")
            for index in 0...1 { #expect(isBalanced(stores[index], put: put[index], removed: removed[index])) }
        }
        let rows = try server.sql("SELECT sum(queued), sum(messages), count(*) < 20 FROM moltrelay.relays")
        #expect(rows == "\(waiting.count)|\(waiting.count)|t")
        for store in stores { await store.close() }
    }

    /// Answers that are lost, and a server that forgot: what is there counts.
    @Test func whatTheServerForgotIsNotCounted() async throws {
        let a = try await open("a")
        for id in UInt64(1)...3 { _ = try await a.put(Sample.message(id)) }
        try server.sql(
            "TRUNCATE moltrelay.relays, moltrelay.queue, moltrelay.recipients, moltrelay.senders;"
                + "UPDATE moltrelay.totals SET messages = 0, bytes = 0"
        )
        #expect(try await share(a).messages == 0)
        #expect(a.totals.recovered == -3)
        _ = try await a.put(Sample.message(4))
        #expect(try await share(a).messages == 1)
        await a.close()
    }

    /// Tables that a build of version 1 made: the first relay to look counts what is there.
    @Test func whatVersion1QueuedIsCountedByTheFirst() async throws {
        let name = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "PostgresVersion1.sql")
        try server.sql(String(contentsOf: name, encoding: .utf8))
        let (a, b) = (try await open("a"), try await open("b"))
        #expect(try server.sql("SELECT max(version) FROM moltrelay.schema_version") == "3")
        #expect(try await share(a).messages == 3 && a.totals.recovered == 3 && a.totals.messages == 3)
        #expect(try await share(b).messages == 0)
        for number in UInt64(0)...2 {
            let recipient = UInt32(number)
            let mode: DeliveryMode = number == 2 ? .exactlyOnce : .atLeastOnce
            let message = Sample.message(number, to: recipient, mode: mode)
            #expect(try await b.load(recipient).messages.map(\.message) == [message])
            #expect(try await b.put(message) == [.duplicate])
            #expect(try await b.remove(message) == .removed)
        }
        #expect(try await b.put(Sample.message(3, mode: .exactlyOnce)) == [.duplicate])
        #expect(try await share(a) == .init(messages: 0, bytes: 0, takenOver: 0, handedOver: 3))
        #expect(try await share(b).takenOver == 3)
        // What a relay of version 1 asks first.
        #expect(throws: (any Error).self) { try server.sql("SELECT anonymous_pins FROM moltrelay.totals FOR UPDATE") }
        await a.close()
        await b.close()
    }
}
