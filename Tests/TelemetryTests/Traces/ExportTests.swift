import Synchronization
import Testing

@testable import Telemetry

@Suite struct ExportTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func waitsLongerEachTimeAndGivesUp() {
        var retry = ExportRetry(at: 0)
        let away = ExportAnswer.unavailable(retryAfter: nil)
        let waits = (0..<6).map { _ in retry.answered(away, at: 0, chance: 0.5) }
        let halves: [UInt64] = [500_000_000, 1_000_000_000, 2_000_000_000, 4_000_000_000, 8_000_000_000]
        #expect(waits == halves.map { .wait($0) } + [.lost(.unreachable)])
    }

    @Test func spreadsItsWaits() {
        var (early, late) = (ExportRetry(at: 0), ExportRetry(at: 0))
        #expect(early.answered(.unavailable(retryAfter: nil), at: 0, chance: 0) == .wait(250_000_000))
        #expect(late.answered(.unavailable(retryAfter: nil), at: 0, chance: 0.9) == .wait(700_000_000))
    }

    @Test func waitsAsLongAsItIsAskedTo() {
        var retry = ExportRetry(at: 0)
        #expect(retry.answered(.unavailable(retryAfter: 7 * Self.second), at: 0, chance: 0.5) == .wait(7 * Self.second))
        // Not for an hour.
        let longest = ExportRetry.Action.wait(ExportRetry.longestWait)
        #expect(retry.answered(.unavailable(retryAfter: 3_600 * Self.second), at: 0, chance: 0.5) == longest)
        let late = ExportRetry.maxAge - Self.second
        #expect(retry.answered(.unavailable(retryAfter: 3 * Self.second), at: late, chance: 0.5) == .lost(.unreachable))
    }

    @Test func doesNotRepeatWhatWasRefused() {
        var retry = ExportRetry(at: 0)
        #expect(retry.answered(.refused, at: 0, chance: 0) == .lost(.refused))
        #expect(retry.answered(.tooLarge, at: 0, chance: 0) == .lost(.tooLarge))
        #expect(retry.answered(.taken, at: 0, chance: 0) == .taken)
    }

    @Test(arguments: [
        (200, ExportAnswer.taken), (202, .taken), (400, .refused), (401, .refused), (404, .refused), (413, .tooLarge),
        (429, .unavailable(retryAfter: 3_000_000_000)), (500, .unavailable(retryAfter: 3_000_000_000)),
        (502, .unavailable(retryAfter: 3_000_000_000)), (503, .unavailable(retryAfter: 3_000_000_000)),
        (504, .unavailable(retryAfter: 3_000_000_000)), (501, .refused), (301, .refused),
    ])
    func readsAnswers(_ status: Int, _ answer: ExportAnswer) {
        #expect(ExportAnswer(status: status, retryAfterSeconds: 3) == answer)
    }

    @Test func aFullQueueLosesWholeTracesAndCounts() {
        let trace = [Spans.root, Spans.child]
        let bytes = trace.reduce(0) { $0 + $1.byteCount }
        let queue = SpanQueue(maxBytes: 2 * bytes + 1)
        for _ in 0..<5 { queue.append(trace) }
        #expect(queue.count == 4)
        #expect(queue.overflowed == 6)
        #expect(queue.take(upTo: 3).count == 3)
        queue.append(trace)
        #expect(queue.count == 3)
        #expect(queue.overflowed == 6)
    }

    @Test func countsWhatBecameOfEachSpan() async throws {
        let answers = Mutex([ExportAnswer.taken, .refused, .tooLarge, .unavailable(retryAfter: nil)])
        let bodies = Mutex(0)
        let exporter = SpanExporter(queue: SpanQueue(), format: .otlpProtobuf(OTLPProtobuf(resource: Spans.resource))) {
            _ in
            bodies.withLock { $0 += 1 }
            return answers.withLock { $0.removeFirst() }
        }
        for _ in 0..<4 * SpanExporter.batchSpans { exporter.queue.append([Spans.child]) }
        await exporter.flush()
        #expect(bodies.withLock { $0 } == 4)
        #expect(exporter.sent == 512)
        // The last attempt of a process that ends is its only one.
        #expect(exporter.lost(.unreachable) == 1_536)
        #expect(exporter.queue.count == 0)
    }
}
