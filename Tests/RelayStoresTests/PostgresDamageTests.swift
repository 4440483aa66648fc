import Postgres
import PostgresFixture
import RelayCore
import RelayStores
import StoreFixtures
import Testing
import WireProtocol

@Suite(.serialized) struct PostgresDamageTests {
    private func open() async throws -> (PostgresServer, PostgresStore) {
        let server = try await PostgresServer.launch()
        var settings = PostgresSettings(hosts: ["127.0.0.1"], database: "postgres", user: PostgresServer.user)
        settings.port = server.port
        settings.security = .disable
        return (server, try await PostgresStore.open(settings, limits: QueueLimits(maxSharePerSender: 1)))
    }

    @Test func aMessageThatIsNotWhatWasWrittenIsPassedOver() async throws {
        let (server, store) = try await open()
        _ = try await store.put(Sample.message(1), Sample.message(2), Sample.message(3))
        try server.sql("UPDATE moltrelay.queue SET payload = set_byte(payload, 200, 99) WHERE get_byte(id, 15) = 2")
        #expect(try await store.load(2).messages.map(\.message.routing.id) == [Sample.id(1), Sample.id(3)])
        #expect(store.statistics.corruptRows == 1)
        await store.close()
    }

    /// A page that ends behind them would be asked for again and again.
    @Test func damageThatFillsAPageIsPassedOver() async throws {
        let (server, store) = try await open()
        for number in UInt64(1)...8 { _ = try await store.put(Sample.message(number)) }
        try server.sql("UPDATE moltrelay.queue SET payload = set_byte(payload, 200, 99) WHERE get_byte(id, 15) < 6")
        let page = try await store.load(2, maxMessages: 1)
        #expect(page.messages.map(\.message.routing.id) == [Sample.id(6)])
        #expect(!page.isLast, "no more than was asked for")
        #expect(store.statistics.corruptRows == 5)
        await store.close()
    }
}
