public import RelayCore
import Telemetry
import WireProtocol

/// What the store did with a message, as a part of its trace: a span for each back end that had a hand in it.
public struct StorePart: Sendable, Equatable {
    public var kind: StoreCall.Kind
    /// Of the event loop, and which of its batches; nil of what a store moved by itself.
    var batch: String?
    var submitted: MonotonicNanoseconds
    /// Of the whole batch, or messages of the page.
    var operations: Int
    var rows: Int
    public var work: [StoreWork]

    init(_ call: StoreCall, _ kind: StoreCall.Kind, of id: MessageID, loop: Int?) {
        self.kind = kind
        if let loop, let number = call.number { batch = "\(loop)-\(number)" }
        (submitted, operations, rows) = (call.submitted, call.operations, call.rows)
        work = call.work.filter { $0.messages?.contains(id) ?? true }
        for index in work.indices where work[index].messages != nil { work[index].messages = nil }
    }

    func spans(
        of message: MessageTrace,
        _ clock: ClockReading,
        using generator: inout some RandomNumberGenerator
    ) -> [SpanRecord] {
        work.map { work in
            SpanRecord(
                trace: message.trace,
                span: .random(using: &generator),
                parent: message.rootSpan,
                name: name(of: work),
                kind: .client,
                start: clock.unix(work.began),
                end: clock.unix(max(work.began, work.ended)),
                fields: databaseFields(of: work) + batchFields(of: work),
                status: work.failure.map { .error($0.text) } ?? .unset
            )
        }
    }

    private func name(of work: StoreWork) -> String {
        switch kind {
        case .load: "load"
        case .settle: "settle"
        case .put: work.isSpill ? "spill" : batch == nil ? "drain" : "put"
        }
    }

    /// By OpenTelemetry's conventions for databases.
    private func databaseFields(of work: StoreWork) -> [SpanField] {
        var fields = [
            SpanField("db.system.name", work.system.rawValue),
            SpanField("db.operation.name", operation(of: work)),
        ]
        if work.operations > 1 { fields.append(SpanField("db.operation.batch.size", work.operations)) }
        if kind == .load, work.failure == nil { fields.append(SpanField("db.response.returned_rows", rows)) }
        if let server = work.server {
            fields.append(SpanField("server.address", server.host))
            fields.append(SpanField("server.port", server.port))
        }
        if let failure = work.failure {
            fields.append(SpanField("error.type", work.code ?? failure.type))
            if let code = work.code, work.server != nil { fields.append(SpanField("db.response.status_code", code)) }
        }
        return fields
    }

    private func operation(of work: StoreWork) -> String {
        if work.system == .redis { return "EVALSHA" }
        return switch kind {
        case .load: "SELECT"
        case _ where work.operations > 1: "BATCH"
        case .put: "INSERT"
        case .settle: "DELETE"
        }
    }

    private func batchFields(of work: StoreWork) -> [SpanField] {
        let waited = work.began - min(work.began, submitted)
        var fields = [
            SpanField("moltrelay.batch.operations", operations),
            SpanField("moltrelay.batch.rows", work.failure == nil ? rows : 0),
            SpanField("moltrelay.batch.waited_ms", .double(Double(waited) / 1_000_000)),
        ]
        if let batch, kind != .load { fields.append(SpanField("moltrelay.batch.id", batch)) }
        return fields
    }
}

extension StoreFailure {
    fileprivate var type: String {
        switch self {
        case .unavailable: "unavailable"
        case .diskFull: "disk_full"
        case .memoryFull: "memory_full"
        case .closed: "closed"
        }
    }

    fileprivate var text: String {
        switch self {
        case .unavailable(let reason), .memoryFull(let reason): String(reason.prefix(200))
        case .diskFull: "the disk is full"
        case .closed: "the store is closed"
        }
    }
}

extension MessageTrace {
    init(
        of part: StorePart,
        _ identity: MessageIdentity,
        _ reason: TraceReason,
        _ context: TraceContext?,
        at now: MonotonicNanoseconds
    ) {
        self.init(
            identity: identity,
            timeline: MessageTimeline(received: 0),
            mode: .atLeastOnce,
            reason: reason,
            fate: nil,
            ended: now,
            isQueued: false,
            isSlow: false,
            attempts: 0,
            context: context,
            store: part
        )
    }
}
