public import RelayCore
public import WireProtocol

/// The ways of the last messages, in memory bounded in bytes: what `moltrelay explain` searches.
public final class FlightRecorder: Sendable {
    /// Of one id. Whoever sends one id again and again fills no memory by being searched for.
    static let maxMatches = 1_024

    let rings: [FlightRing]
    let clock: @Sendable () -> MonotonicNanoseconds
    let startedAt: MonotonicNanoseconds

    /// How far back the recorder reaches.
    public struct Reach: Sendable, Equatable {
        public var records: Int
        /// Everything that happened from then on is kept.
        public var since: MonotonicNanoseconds
        public var now: MonotonicNanoseconds
    }

    /// nil where it has no memory, or the system has not that much.
    /// - Parameter bytes: of all loops together. Only what was written once takes memory.
    public init?(loops: Int, bytes: Int, clock: @escaping @Sendable () -> MonotonicNanoseconds) {
        guard bytes > 0 else { return nil }
        let capacity = bytes / loops / MemoryLayout<FlightRecord>.stride
        rings = (0..<loops).compactMap { _ in FlightRing(capacity: capacity) }
        guard rings.count == loops else { return nil }
        self.clock = clock
        startedAt = clock()
    }

    public var reach: Reach {
        let forgotten = rings.compactMap(\.forgotBefore).max() ?? startedAt
        return Reach(records: rings.reduce(0) { $0 + $1.kept }, since: max(forgotten, startedAt), now: clock())
    }

    /// All messages of that id: it is unique for one sender only. Looks at every record, off the loops that write them.
    public func flights(of id: MessageID) -> [Flight] {
        var found: [FlightRecord] = []
        for ring in rings {
            ring.read { records in
                for record in records.reversed() where record.identity.id == id && found.count < Self.maxMatches {
                    found.append(record)
                }
            }
        }
        return Flight.merged(found)
    }
}
