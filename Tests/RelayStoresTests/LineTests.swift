import RelayCore
import StoreFixtures
import Synchronization
import Testing
import WireProtocol

@testable import RelayStores

@Suite struct LineTests {
    private let failure = Result<[StoreOutcome], StoreFailure>.failure(.unavailable(reason: "away"))
    private let stored = Result<[StoreOutcome], StoreFailure>.success([.stored(sequence: 1)])

    private func batch(_ number: UInt64, to recipient: UInt32 = 2) -> Line.Batch {
        Line.Batch(operations: [.put(Sample.message(number, to: recipient))], now: 0) { _ in }
    }

    /// What is done next, until somebody's answer is missing: `stored`, `failed` or `spilled`, and the message.
    private func steps(_ line: inout Line) -> [String] {
        guard line.begin() else { return ["busy"] }
        var steps: [String] = []
        while let step = line.next() {
            switch step {
            case .complete(let batch, .success, _): steps.append("stored \(number(batch))")
            case .complete(let batch, .failure, _): steps.append("failed \(number(batch))")
            case .spill(let batch): steps.append("spilled \(number(batch))")
            }
        }
        return steps
    }

    private func expect(_ line: inout Line, _ wanted: [String], location: SourceLocation = #_sourceLocation) {
        let seen = steps(&line)
        #expect(seen == wanted, sourceLocation: location)
    }

    private func number(_ batch: Line.Batch) -> UInt8 {
        guard case .put(let message) = batch.operations[0] else { return 0 }
        return message.routing.id.bytes.last ?? 0
    }

    /// The second is refused at once, since too much is in flight; the first only when its server has said nothing.
    @Test func aFailureWaitsForThoseBeforeIt() {
        var line = Line()
        let (first, second) = (line.append(batch(1), isDiverted: false), line.append(batch(2), isDiverted: false))
        let diverted = line.answered(second, failure)
        #expect(diverted == [Sample.agent(2)])
        _ = line.append(batch(3), isDiverted: true)
        expect(&line, [])
        _ = line.answered(first, failure)
        expect(&line, ["spilled 1", "spilled 2", "spilled 3"])
    }

    @Test func aFailureWaitsForThoseBehindItThatWereAsked() {
        var line = Line()
        let numbers = (UInt64(1)...2).map { line.append(batch($0), isDiverted: false) }
        _ = line.answered(numbers[0], failure)
        expect(&line, [])
        let other = line.append(batch(3, to: 3), isDiverted: false)
        _ = line.answered(numbers[1], failure)
        expect(&line, ["spilled 1"])
        _ = line.answered(other, stored)
        expect(&line, ["spilled 2", "stored 3"])
    }

    /// A full server that took the younger message.
    @Test func whatWasOvertakenFails() {
        var line = Line()
        let numbers = (UInt64(1)...2).map { line.append(batch($0), isDiverted: false) }
        _ = line.answered(numbers[0], failure)
        _ = line.answered(numbers[1], stored)
        expect(&line, ["failed 1", "stored 2"])
        let others = [line.append(batch(3), isDiverted: false), line.append(batch(4, to: 3), isDiverted: false)]
        _ = line.answered(others[0], failure)
        _ = line.answered(others[1], stored)
        expect(&line, ["spilled 3", "stored 4"])
    }

    /// A cluster that has lost a node: its part is spilled, and what is told of the others waits for that.
    @Test func aPartThatFailedIsSpilledAlone() {
        var line = Line()
        let told = Mutex<[StoreOutcome]>([])
        let both = Line.Batch(operations: batch(1).operations + batch(2, to: 3).operations, now: 0) { result in
            if case .success(let outcomes) = result { told.withLock { $0 = outcomes } }
        }
        let numbers = [line.append(both, isDiverted: false), line.append(batch(3), isDiverted: false)]
        let away = StoreFailure.unavailable(reason: "away")
        let diverted = line.answered(numbers[0], .success([.stored(sequence: 1), .failed(away)]))
        #expect(diverted == [Sample.agent(3)])
        _ = line.answered(numbers[1], stored)
        guard line.begin(), case .spill(let part) = line.next() else {
            Issue.record("nothing was spilled")
            return
        }
        #expect(number(part) == 2 && part.operations.count == 1)
        part.completion(.success([.stored(sequence: 0)]))
        #expect(told.withLock { $0 } == [.stored(sequence: 1), .stored(sequence: 0)])
    }

    /// What the same agent has there already, by a batch of which another part failed.
    @Test func aPartIsOvertakenToo() {
        var line = Line()
        let later = Line.Batch(operations: batch(2).operations + batch(3, to: 3).operations, now: 0) { _ in }
        let numbers = [line.append(batch(1), isDiverted: false), line.append(later, isDiverted: false)]
        _ = line.answered(numbers[0], failure)
        _ = line.answered(numbers[1], .success([.stored(sequence: 1), .failed(.unavailable(reason: "away"))]))
        expect(&line, ["failed 1", "spilled 3"])
    }

    @Test func oneStepsAtATime() {
        var line = Line()
        let number = line.append(batch(1), isDiverted: false)
        _ = line.answered(number, stored)
        let begins = line.begin()
        #expect(begins)
        expect(&line, ["busy"])
    }
}
