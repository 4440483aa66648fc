import Glibc
import RelayCore

/// The slowest messages of each of the last minutes on one loop: one comparison for a message that is not among them.
struct SlowestMessages {
    static let minutes = 15
    static let perMinute = 64
    private static let minute: MonotonicNanoseconds = .seconds(60)

    private let records: UnsafeMutablePointer<FlightRecord>
    /// What each record of the minute under way took, and the least of them once it is full.
    private let latencies: UnsafeMutablePointer<UInt64>
    private var least: UInt64 = 0
    private var leastPlace = 0
    /// By place, which is the minute's number modulo their number.
    private var kept: [(minute: UInt64, records: Int)]
    private var place = 0
    private var count = 0
    private var endOfMinute: MonotonicNanoseconds = 0

    init() {
        // Zeroed pages that take no memory until they are written.
        records = calloc(Self.minutes * Self.perMinute, MemoryLayout<FlightRecord>.stride)
            .bindMemory(to: FlightRecord.self, capacity: Self.minutes * Self.perMinute)
        latencies = .allocate(capacity: Self.perMinute)
        latencies.initialize(repeating: 0, count: Self.perMinute)
        kept = Array(repeating: (minute: 0, records: 0), count: Self.minutes)
    }

    func free() {
        Glibc.free(records)
        latencies.deallocate()
    }

    @inline(__always)
    mutating func offer(_ record: FlightRecord, latency: UInt64) {
        if latency > least { keep(record, latency) }
    }

    /// To be called before messages of another time are offered.
    mutating func turn(to now: MonotonicNanoseconds) {
        guard now >= endOfMinute else { return }
        let number = now / Self.minute
        endOfMinute = (number + 1) * Self.minute
        place = Int(number % UInt64(Self.minutes))
        kept[place] = (number, 0)
        (count, least) = (0, 0)
    }

    private mutating func keep(_ record: FlightRecord, _ latency: UInt64) {
        let slot = count < Self.perMinute ? count : leastPlace
        (records + place * Self.perMinute + slot).initialize(to: record)
        latencies[slot] = latency
        if count < Self.perMinute {
            count += 1
            kept[place].records = count
        }
        guard count == Self.perMinute else { return }
        leastPlace = 0
        for index in 1..<Self.perMinute where latencies[index] < latencies[leastPlace] { leastPlace = index }
        least = latencies[leastPlace]
    }

    /// Those written from `start` on, in no order.
    func all(since start: MonotonicNanoseconds, at now: MonotonicNanoseconds) -> [FlightRecord] {
        let current = now / Self.minute
        return kept.indices.flatMap { place -> [FlightRecord] in
            guard kept[place].minute + UInt64(Self.minutes) > current else { return [] }
            let first = records + place * Self.perMinute
            return (0..<kept[place].records).map { first[$0] }.filter { $0.timeline.written >= start }
        }
    }
}
