import CountedPath
import RelayCore
import RelayTelemetry
import Telemetry

/// How much of telemetry is on.
enum Depth: String, CaseIterable {
    /// The relay states its facts, and nobody makes anything of them.
    case off
    case metrics
    /// And traces: one of a hundred messages, and those that are slow or fail. No message writes a line to the log.
    case traces
    /// And the flight recorder.
    case all
}

/// A best-effort message's whole way through one event loop, at each depth in turn.
enum PathCost {
    private static let rounds = 30
    private static let reads = 1_000
    private static let warmUp = 100

    /// - Parameter arguments: a depth and how many reads, for a run that does nothing else; or none.
    static func measure(_ arguments: [String]) throws {
        if let depth = arguments.first.flatMap(Depth.init), let reads = arguments.last.flatMap(Int.init) {
            let observer = try observer(depth)
            _ = run(observer, MessagePath(loops: 1) { _ in observer }.reads(reads, towards: 0), warmUp: 0)
            return
        }
        // One for all rounds: as much memory as a relay has touched after a while.
        let observers = try Depth.allCases.map { (depth: $0, observer: try observer($0)) }
        var best: [Depth: Double] = [:]
        for round in 0..<rounds {
            let bytes = MessagePath(loops: 1) { _ in Silence() }.reads(reads, towards: 0)
            for place in observers.indices {
                let (depth, observer) = observers[(place + round) % observers.count]
                best[depth] = min(best[depth] ?? .infinity, run(observer, bytes, warmUp: warmUp))
            }
        }
        let off = best[.off] ?? 0
        for depth in Depth.allCases {
            let cost = best[depth] ?? 0
            print("message, telemetry \(depth.rawValue): \(rounded(cost)) ns, \(rounded(cost - off)) over off")
        }
    }

    /// - Returns: nanoseconds of CPU a message.
    private static func run(_ observer: any RelayObserver, _ reads: [[UInt8]], warmUp: Int) -> Double {
        let path = MessagePath(loops: 1) { _ in observer }
        for read in reads.prefix(warmUp) { turn(path, read) }
        let start = TelemetryCost.cpuNanoseconds()
        for read in reads.dropFirst(warmUp) { turn(path, read) }
        let spent = TelemetryCost.cpuNanoseconds() - start
        return Double(spent) / Double((reads.count - warmUp) * MessagePath.messagesPerRead)
    }

    private static func turn(_ path: MessagePath, _ read: [UInt8]) {
        path.receive(read)
        path.turn()
    }

    private static func observer(_ depth: Depth) throws -> any RelayObserver {
        guard depth != .off else { return Silence() }
        let readings = RelayReadings(loops: { .init() }, store: { .init() }, logs: { .init() }, clock: { .init() })
        let flights = depth == .all ? FlightRecorder(loops: 1, bytes: 16 << 20) { 0 } : nil
        let instruments = try RelayInstruments(
            registry: MetricRegistry(shards: 1),
            readings: readings,
            build: .example,
            flights: flights
        )
        // Whose rate is never spent: one that is refused costs less.
        let settings = TraceSettings(ratio: 0.01, perSecond: 1_000_000)
        return instruments.observer(loop: 0, traces: depth == .metrics ? nil : MessageTraces(settings))
    }

    private static func rounded(_ nanoseconds: Double) -> Double { (nanoseconds * 10).rounded() / 10 }
}

/// Hears everything and makes nothing of it.
private final class Silence: RelayObserver {
    func observe(
        messages: UnsafeBufferPointer<MessageFact>,
        events: UnsafeBufferPointer<RelayEvent>,
        at now: MonotonicNanoseconds
    ) {}
}
