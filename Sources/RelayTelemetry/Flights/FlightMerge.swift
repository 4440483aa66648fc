import RelayCore
import WireProtocol

extension Flight {
    /// - Parameter records: of one id, from any loops, in any order.
    static func merged(_ records: [FlightRecord]) -> [Flight] {
        let (named, unnamed) = (records.filter(\.namesAgents), records.filter { !$0.namesAgents })
        let byAgents = Dictionary(grouping: named) { $0.identity }
        var flights = byAgents.values.map { Flight($0.sorted { $0.time < $1.time }) }
        for record in unnamed where record.kind == .refused { add(refusal: record, to: &flights) }
        for record in unnamed where record.kind == .traced { add(trace: record, to: &flights) }
        for index in flights.indices { flights[index].steps.sort() }
        return flights.sorted { ($0.steps.first?.time ?? 0) < ($1.steps.first?.time ?? 0) }
    }

    /// A NACK names no agents: where the id is that of several messages, it is for the one that something happened to
    /// last before it.
    private static func add(refusal record: FlightRecord, to flights: inout [Flight]) {
        guard let code = record.refusal else { return }
        if nearest(to: record.origin, among: flights) == nil {
            flights.append(Flight(refused: record.identity.id, code))
        }
        guard let index = nearest(to: record.origin, among: flights) else { return }
        flights[index].refusal = code
        flights[index].steps.append(Step(stage: .refused, time: record.origin))
    }

    private static func add(trace record: FlightRecord, to flights: inout [Flight]) {
        guard let trace = record.trace, let index = nearest(to: record.origin, among: flights) else { return }
        flights[index].trace = SenderTrace(high: trace.high, low: trace.low)
    }

    private static func nearest(to time: MonotonicNanoseconds, among flights: [Flight]) -> Int? {
        flights.indices.min { distance(of: flights[$0], to: time) < distance(of: flights[$1], to: time) }
    }

    private static func distance(of flight: Flight, to time: MonotonicNanoseconds) -> MonotonicNanoseconds {
        flight.steps.map { max($0.time, time) - min($0.time, time) }.min() ?? 0
    }

    private init(refused id: MessageID, _ code: NackCode) {
        self.init(
            id: id,
            outcome: .refused(code),
            attempts: 0,
            copies: 1,
            isQueued: false,
            steps: []
        )
    }

    /// - Parameter records: of one message, in the order of time; one at least.
    private init(_ records: [FlightRecord]) {
        let accepted = records.filter { $0.kind == .accepted }
        let isBestEffort = records.allSatisfy { $0.mode == .bestEffort }
        // Best effort is one record a copy.
        let told = isBestEffort ? records.suffix(1) : records[...]
        self.init(
            id: records[0].identity.id,
            sender: records[0].identity.sender,
            recipient: records[0].identity.recipient,
            mode: records[0].mode,
            bytes: accepted.last?.bytes,
            outcome: Self.outcome(of: records),
            attempts: max(told.map(\.attempt).max() ?? 0, records.count { $0.kind == .written }),
            copies: isBestEffort ? records.count : max(1, accepted.count),
            isQueued: records.contains(where: \.isQueued),
            steps: Self.steps(of: Array(told))
        )
    }

    /// A delivered copy counts above all: what a retry of it came to changes nothing for anybody.
    private static func outcome(of records: [FlightRecord]) -> Outcome {
        let ends = records.compactMap(\.end)
        if ends.contains(.delivered) { return .delivered }
        let (accepted, ended) = (records.count { $0.kind == .accepted }, ends.count)
        if let last = ends.last(where: { $0 != .dropped(.duplicate) }) ?? ends.last, accepted <= ended { return last }
        if records.contains(where: { $0.kind == .written }) { return .underWay(.acknowledgement) }
        let isStored = records.contains { $0.kind == .stored } || ends.contains(.dropped(.duplicate))
        return .underWay(isStored ? .recipient : .commit)
    }
}

extension Flight {
    fileprivate static func steps(of records: [FlightRecord]) -> [Step] {
        let timed = records.filter(\.hasTimeline)
        let live = Dictionary(grouping: timed.filter { !$0.isQueued }) { $0.origin }
        let queued = Dictionary(grouping: timed.filter(\.isQueued)) { $0.origin }
        var steps = live.values.flatMap { Self.steps(ofOneCopy: $0) }
        steps += unmatched(records, live.keys.sorted())
        // By the wall clock of its row, and so not quite the same each time it is read.
        let known = steps.contains { $0.stage == .received } ? nil : queued.keys.min()
        if let known { steps.append(Step(stage: .received, time: known)) }
        steps += queued.values.flatMap { Self.steps(ofOneCopy: $0) }.filter { $0.stage != .received }
        steps += records.filter { !$0.hasTimeline && $0.kind == .expired }
            .map { Step(stage: .expired, time: $0.origin) }
        return steps
    }

    /// Accepted copies of which no record has the times yet.
    private static func unmatched(_ records: [FlightRecord], _ received: [MonotonicNanoseconds]) -> [Step] {
        var previous: MonotonicNanoseconds = 0
        return records.filter { $0.kind == .accepted }.compactMap { record in
            defer { previous = record.origin }
            let isMatched = received.contains { $0 > previous && $0 <= record.origin }
            return isMatched ? nil : Step(stage: .received, time: record.origin)
        }
    }

    /// - Parameter records: that share their `received`, in the order of time.
    private static func steps(ofOneCopy records: [FlightRecord]) -> [Step] {
        let timelines = records.map(\.timeline)
        let writes = records.filter { $0.kind == .written }
        func first(_ stage: Stage, _ time: (MessageTimeline) -> MonotonicNanoseconds) -> Step? {
            timelines.map(time).first { $0 != 0 }.map { Step(stage: stage, time: $0) }
        }
        let routed = records[0].isQueued ? Stage.loaded : .routed
        var steps = [first(.received, \.received), first(routed, \.routed), first(.stored, \.stored)].compactMap { $0 }
        for write in writes { steps += Self.steps(of: write, attempt: write.attempt) }
        for record in records {
            guard let end = record.end else { continue }
            if writes.isEmpty { steps += Self.steps(of: record, attempt: record.attempt) }
            let time = record.timeline.acknowledged
            if time != 0 { steps.append(Step(stage: end.stage, time: time)) }
        }
        return steps
    }

    private static func steps(of record: FlightRecord, attempt: Int?) -> [Step] {
        let timeline = record.timeline
        return [
            Step(stage: .enqueued, time: timeline.enqueued, attempt: attempt),
            Step(stage: .written, time: timeline.written, attempt: attempt),
        ].filter { $0.time != 0 }
    }
}

extension Flight.Step: Comparable {
    public static func < (lhs: Self, rhs: Self) -> Bool {
        guard lhs.time == rhs.time else { return lhs.time < rhs.time }
        let order = Flight.Stage.allCases
        return (order.firstIndex(of: lhs.stage) ?? 0) < (order.firstIndex(of: rhs.stage) ?? 0)
    }
}

extension FlightRecord {
    fileprivate var namesAgents: Bool { kind != .refused && kind != .traced }

    fileprivate var end: Flight.Outcome? {
        switch kind {
        case .delivered: .delivered
        case .expired: .expired
        case .dropped: dropReason.map { .dropped($0) }
        case .accepted, .stored, .written, .refused, .traced: nil
        }
    }
}

extension Flight.Outcome {
    /// The step that ends a message so, where it is not its write.
    fileprivate var stage: Flight.Stage {
        switch self {
        case .expired: .expired
        case .dropped: .dropped
        case .delivered, .refused, .underWay: .acknowledged
        }
    }
}
