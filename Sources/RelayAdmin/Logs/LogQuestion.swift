import Logging
public import Telemetry

/// Which lines of the log are asked for, and in which form.
public struct LogQuestion: Sendable, Equatable {
    public static let maxLines = 10_000

    public enum Level: String, Sendable, CaseIterable {
        case debug, info, warn, error
    }

    /// Of those that were logged already, the last so many.
    public var lines = 50
    /// nil: what the relay writes.
    public var level: Level?
    /// The value of the field `event`.
    public var event: String?
    /// `sha256:` and the first digits of the agent's hash.
    public var agent: String?
    /// What a line must contain, as text.
    public var text: String?
    public var format = LogFormat.json
    /// Goes on with what is logged from then on.
    public var follows = false

    public init() {}

    var filter: LogFilter {
        var filter = LogFilter(level: level?.logged)
        filter.fields = event.map { ["event": $0] } ?? [:]
        filter.mention = agent
        filter.text = text
        return filter
    }
}

extension LogQuestion.Level {
    fileprivate var logged: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warn: .warning
        case .error: .error
        }
    }
}

extension LogQuestion {
    private static let colour = "colour"

    /// Throws what is wrong with it.
    init(_ request: AdminRequest) throws(AdminRefusal) {
        if let lines = request.text(of: "lines") {
            guard let lines = Int(lines), (0...Self.maxLines).contains(lines) else {
                throw AdminRefusal("lines is 0 to \(Self.maxLines).")
            }
            self.lines = lines
        }
        if let level = request.text(of: "level") {
            self.level = Level(rawValue: level)
            let names = Level.allCases.map(\.rawValue).joined(separator: ", ")
            if self.level == nil { throw AdminRefusal("level is one of \(names).") }
        }
        (event, agent, text) = (request.text(of: "event"), request.text(of: "agent"), request.text(of: "grep"))
        switch request.text(of: "format") ?? "json" {
        case "json": format = .json
        case "text": format = .text(colour: request.hasFlag(Self.colour))
        default: throw AdminRefusal("format is json or text.")
        }
        follows = request.hasFlag("follow")
    }

    /// As a path with its query.
    var path: String {
        let given: [(String, String?)] = [
            ("lines", "\(lines)"), ("level", level?.rawValue), ("event", event), ("agent", agent), ("grep", text),
            ("format", format == .json ? "json" : "text"),
        ]
        var parts = given.compactMap { name, value in value.map { "\(name)=\(QueryText.escaped($0))" } }
        if format == .text(colour: true) { parts.append(Self.colour) }
        if follows { parts.append("follow") }
        return AdminRoute.logsPath + "?" + parts.joined(separator: "&")
    }
}
