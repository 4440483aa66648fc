import RelayCore
import RelayTelemetry
import StoreFixtures
import Telemetry
import Testing
import WireProtocol

/// What the store did, in the traces that are kept, and in no others.
@Suite struct StorePartTests {
    private static let message = Sample.message(7)
    private static let identity = message.key.identity
    private static let redis = StoreWork(
        .redis,
        at: .init(host: "db1", port: 6379),
        began: .milliseconds(1_004),
        ended: .milliseconds(1_009),
        operations: 40
    )

    private func batch(
        _ operations: [StoreOperation],
        _ result: Result<[StoreOutcome], StoreFailure>,
        by work: [StoreWork] = [redis]
    ) -> RelayEvent {
        let call = StoreCall(committing: operations, number: 17, at: .milliseconds(1_003))
        for work in work { call.took(work) }
        call.finish(result)
        return .storeCalled(call)
    }

    private func put(_ result: Result<[StoreOutcome], StoreFailure> = .success([.stored(sequence: 1)])) -> RelayEvent {
        batch([.put(Self.message)], result)
    }

    private var settled: RelayEvent { batch([.remove(Self.message.key)], .success([.removed])) }

    private func end(_ fate: MessageFate = .delivered) -> MessageFact {
        .ended(Self.identity, .quick, mode: .atLeastOnce, fate)
    }

    @Test func aSpanNamesServerAndBatch() throws {
        let relay = try ObservedRelay(TraceSettings(ratio: 1))
        let operations = (1...3).map { StoreOperation.put(Sample.message($0)) }
        let outcomes: [StoreOutcome] = [.stored(sequence: 1), .duplicate, .stored(sequence: 2)]
        let facts = (1...3).map { MessageFact.stored(Sample.message($0).key.identity) }
        relay.state(facts, with: [batch(operations, .success(outcomes))])
        let parts = relay.traces.take().filter { $0.store != nil }
        #expect(parts.map(\.identity) == (1...3).map { Sample.message($0).key.identity })
        var generator = SystemRandomNumberGenerator()
        let clock = ClockReading(monotonic: .seconds(100), unixNanoseconds: 100_000_000_000)
        let spans = MessageSpans.make(parts[0], clock, using: &generator)
        let span = try #require(spans.count == 1 ? spans[0] : nil)
        #expect(span.name == "put" && span.kind == .client && span.parent == parts[0].rootSpan)
        #expect(span.start == 1_004_000_000 && span.end == 1_009_000_000)
        #expect(span.status == .unset)
        let fields = Dictionary(uniqueKeysWithValues: span.fields.map { ($0.key, $0.value) })
        #expect(
            fields == [
                "db.system.name": .string("redis"), "db.operation.name": .string("EVALSHA"),
                "db.operation.batch.size": .int(40), "server.address": .string("db1"), "server.port": .int(6379),
                "moltrelay.batch.id": .string("0-17"), "moltrelay.batch.operations": .int(3),
                "moltrelay.batch.rows": .int(2), "moltrelay.batch.waited_ms": .double(1),
            ]
        )
    }

    @Test func whatIsNotTracedIsNotToldOf() throws {
        let relay = try ObservedRelay(TraceSettings(ratio: 0))
        relay.state([.stored(Self.identity)], with: [put()])
        relay.state([end()])
        relay.state([], with: [settled, put(.failure(.diskFull))])
        #expect(relay.traces.take().isEmpty)
    }

    /// Its context was forgotten with its end, and its removal comes later.
    @Test func aRemovalIsInTheSendersTrace() throws {
        let relay = try ObservedRelay(TraceSettings(ratio: 0))
        relay.state([.stored(Self.identity)], with: [.traced(Self.identity.id, .sampled), put()])
        relay.state([end()])
        let before = relay.traces.take()
        #expect(before.map { $0.store?.kind } == [nil, .put, nil])
        relay.state([], with: [batch([.remove(Self.message.key)], .failure(.diskFull))])
        relay.state([], with: [settled])
        let after = relay.traces.take()
        #expect(after.map { $0.store?.kind } == [.settle, .settle], "tried again after the failure")
        #expect(Set((before + after).map(\.trace)) == [TraceID(high: 7, low: 8)])
        relay.state([], with: [settled])
        #expect(relay.traces.take().isEmpty, "it is gone")
    }

    @Test func partsAreHeldToNoRateAndCountedAsNoTraces() throws {
        let relay = try ObservedRelay(TraceSettings(ratio: 1, perSecond: 1))
        let changes = relay.changes {
            relay.state([.stored(Self.identity)], with: [put()])
            relay.state([end()])
            relay.state([], with: [settled])
        }
        #expect(relay.traces.take().count == 4)
        #expect(changes[#"moltrelay_traces_kept_total{reason="ratio"}"#] == 1)
        let over = Sample.message(8)
        let missed = relay.changes {
            relay.state([.stored(over.key.identity)], with: [batch([.put(over)], .success([.stored(sequence: 2)]))])
        }
        #expect(relay.traces.take().isEmpty)
        let traces = missed.filter { $0.key.hasPrefix("moltrelay_traces_") }
        #expect(traces == [#"moltrelay_traces_missed_total{reason="ratio",cause="rate"}"#: 1])
    }

    /// The store took it not, its recipient may yet: the trace begins with that, and still tells how it was received.
    @Test func aFailureBeforeTheEndIsKept() throws {
        let relay = try ObservedRelay(TraceSettings(ratio: 1))
        relay.state([], with: [put(.failure(.unavailable(reason: "db1:6379: Connection refused")))])
        relay.state([end()])
        let kept = relay.traces.take()
        #expect(kept.map { $0.store?.kind } == [.put, nil])
        #expect(kept.map(\.isContinued) == [false, false])
    }

    @Test func whatFailedForTheStoreSaysWhy() throws {
        let relay = try ObservedRelay(TraceSettings(ratio: 0))
        var work = Self.redis
        (work.failure, work.code) = (.unavailable(reason: "OOM command not allowed"), "OOM")
        relay.state(
            [end(.dropped(.storageUnavailable))],
            with: [batch([.put(Self.message)], .failure(.unavailable(reason: "OOM command not allowed")), by: [work])]
        )
        let part = try #require(relay.traces.take().first { $0.store != nil })
        var generator = SystemRandomNumberGenerator()
        let clock = ClockReading(monotonic: 0, unixNanoseconds: 0)
        let span = try #require(MessageSpans.make(part, clock, using: &generator).first)
        #expect(span.status == .error("OOM command not allowed"))
        #expect(span.fields.contains(SpanField("error.type", "OOM")))
        #expect(span.fields.contains(SpanField("moltrelay.batch.rows", 0)))
    }

    /// Of a batch of which the spill took a part, each message has what was done with it.
    @Test func aSplitBatchIsToldMessageByMessage() throws {
        let relay = try ObservedRelay(TraceSettings(ratio: 1))
        let (stored, spilled) = (Sample.message(1, to: 2), Sample.message(2, to: 3))
        let call = StoreCall(committing: [.put(stored), .put(spilled)], number: 1, at: 0)
        for (message, isSpill) in [(stored, false), (spilled, true)] {
            let part = call.part([.put(message)])
            part.took(isSpill ? StoreWork(.sqlite, began: 1, ended: 2, operations: 1) : Self.redis)
            call.took(part, isSpill: isSpill)
        }
        call.finish(.success([.stored(sequence: 1), .stored(sequence: 0)]))
        relay.state([stored, spilled].map { .stored($0.key.identity) }, with: [.storeCalled(call)])
        let parts = relay.traces.take().compactMap(\.store)
        #expect(parts.map { $0.work.map(\.system) } == [[.redis], [.sqlite]])
    }
}
