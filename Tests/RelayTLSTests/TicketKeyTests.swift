import Synchronization
import Testing

@testable import RelayTLS

@Suite struct TicketKeyTests {
    private final class HandClock: Sendable {
        let now = Mutex<UInt64>(0)
        func advance(by part: Double) { now.withLock { $0 += UInt64(Double(TicketKeys.lifetime) * part) } }
    }

    private let clock = HandClock()
    private var keys: TicketKeys { TicketKeys(clock: { [clock] in clock.now.withLock { $0 } }) }

    private func find(_ key: TicketKeys.Key, in keys: TicketKeys) -> Bool? {
        key.name.withUnsafeBufferPointer { keys.opening($0)?.isCurrent }
    }

    @Test func changesItsKeyAndKnowsTheOneBefore() throws {
        let keys = keys
        let first = try #require(keys.sealing())
        clock.advance(by: 0.99)
        #expect(keys.sealing() == first)
        clock.advance(by: 0.02)
        let second = try #require(keys.sealing())
        #expect(second != first && second.cipherKey != first.cipherKey)
        #expect(find(first, in: keys) == false)
        #expect(find(second, in: keys) == true)
        clock.advance(by: 1)
        #expect(find(first, in: keys) == nil)
        #expect(find(second, in: keys) == false)
    }

    @Test func forgetsAKeyThatNobodyUsedForLong() throws {
        let keys = keys
        let first = try #require(keys.sealing())
        clock.advance(by: 2)
        #expect(find(first, in: keys) == nil)
    }
}
