/// A span that ended. Times are nanoseconds since 1970.
public struct SpanRecord: Sendable, Equatable {
    /// Raw values are OTLP's.
    public enum Kind: UInt8, Sendable {
        case `internal` = 1
        case server, client, producer, consumer
    }

    public enum Status: Sendable, Equatable {
        case unset, ok
        case error(String)
    }

    public struct Event: Sendable, Equatable {
        public var name: String
        public var time: UInt64
        public var fields: [SpanField]

        public init(name: String, time: UInt64, fields: [SpanField] = []) {
            self.name = name
            self.time = time
            self.fields = fields
        }
    }

    public struct Link: Sendable, Equatable {
        public var trace: TraceID
        public var span: SpanID

        public init(trace: TraceID, span: SpanID) {
            self.trace = trace
            self.span = span
        }
    }

    public var trace: TraceID
    public var span: SpanID
    /// nil for the first span of a trace.
    public var parent: SpanID?
    public var name: String
    public var kind: Kind
    public var start: UInt64
    public var end: UInt64
    public var fields: [SpanField]
    public var status: Status
    public var events: [Event]
    public var links: [Link]

    public init(
        trace: TraceID,
        span: SpanID,
        parent: SpanID?,
        name: String,
        kind: Kind = .internal,
        start: UInt64,
        end: UInt64,
        fields: [SpanField] = [],
        status: Status = .unset,
        events: [Event] = [],
        links: [Link] = []
    ) {
        self.trace = trace
        self.span = span
        self.parent = parent
        self.name = name
        self.kind = kind
        self.start = start
        self.end = end
        self.fields = fields
        self.status = status
        self.events = events
        self.links = links
    }

    /// What it takes in a queue, roughly: what a bound in bytes counts.
    public var byteCount: Int {
        let own = 160 + name.utf8.count + fields.byteCount + 48 * links.count
        return events.reduce(own) { $0 + 64 + $1.name.utf8.count + $1.fields.byteCount }
    }
}

/// An attribute of a span, an event or a process.
public struct SpanField: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        case string(String)
        case int(Int64)
        case double(Double)
        case bool(Bool)
    }

    public var key: String
    public var value: Value

    public init(_ key: String, _ value: Value) {
        self.key = key
        self.value = value
    }

    public init(_ key: String, _ value: String) { self.init(key, .string(value)) }
    public init(_ key: String, _ value: some BinaryInteger) { self.init(key, .int(Int64(clamping: value))) }
}

extension [SpanField] {
    fileprivate var byteCount: Int {
        reduce(0) { sum, field in
            guard case .string(let text) = field.value else { return sum + 48 + field.key.utf8.count }
            return sum + 48 + field.key.utf8.count + text.utf8.count
        }
    }
}
