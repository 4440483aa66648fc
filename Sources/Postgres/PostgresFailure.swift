/// Why there is no answer.
public enum PostgresFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// It will be refused as long as nobody changes the configuration, here or there.
    case refused(String)
    /// The server is away, or takes no writes now; the connection is of no use. What was sent may have been done.
    case temporary(String)
    /// The server answered with an error. The connection stands, and its transaction is to be rolled back.
    case statement(state: String, String)
    case closed

    /// - Parameter state: five characters, of the standard's table or PostgreSQL's own (its appendix A).
    init(state: String, _ message: String) {
        self = Self.endsConnection(state) ? .temporary(message) : .statement(state: state, message)
    }

    /// What libpq says of an attempt to connect. It keeps the SQLSTATE to itself, and writes it where it is told to be
    /// verbose.
    init(connecting text: String) {
        // A line for each address of the host, with details behind some.
        let lines = text.split(separator: "\n")
        let whole = lines.last { $0.hasPrefix("connection to ") } ?? lines.first ?? "no reason given"
        // Which host it was is told by who tried it.
        let line = String(whole.firstRange(of: " failed: ").map { whole[$0.upperBound...] } ?? whole)
        guard let (state, message) = Self.parts(of: line) else {
            self = Self.finalWords.contains { line.contains($0) } ? .refused(line) : .temporary(line)
            return
        }
        self = Self.isFinal(state) ? .refused(message) : .temporary(message)
    }

    /// The server's way to say it: `FATAL:  28P01: password authentication failed`.
    private static func parts(of line: String) -> (state: String, message: String)? {
        guard let mark = line.firstRange(of: ":  ") else { return nil }
        let rest = line[mark.upperBound...]
        let state = rest.prefix(5)
        guard state.count == 5, state.allSatisfy({ $0.isNumber || $0.isUppercase }), rest.dropFirst(5).hasPrefix(": ")
        else { return nil }
        return (String(state), String(rest.dropFirst(7)))
    }

    /// Authorisation, no such database or schema, no right to it.
    static func isFinal(_ state: String) -> Bool {
        state.hasPrefix("28") || ["3D000", "3F000", "42501"].contains(state)
    }

    /// Of libpq's own about TLS, in the language of the C locale, which the relay leaves as it is.
    private static let finalWords = [
        "server does not support SSL", "root certificate file", "certificate verify failed", "does not match host name",
        "no password supplied",
    ]

    /// A replica, also one that was the primary a moment ago; an administrator's word; a connection that broke.
    private static func endsConnection(_ state: String) -> Bool {
        state == "25006" || state.hasPrefix("08") || state.hasPrefix("57P") || state == "25P03"
    }

    /// What came of a connection to that server, before it was of use.
    func at(_ server: String) -> PostgresFailure {
        switch self {
        case .refused(let reason): .refused("\(server): \(reason)")
        case .statement(let state, let reason) where Self.isFinal(state): .refused("\(server): \(reason)")
        case .temporary, .statement: .temporary("\(server): \(self)")
        case .closed: self
        }
    }

    /// Trying again changes nothing.
    public var isFinal: Bool {
        if case .refused = self { true } else { false }
    }

    public var isOfConnection: Bool {
        if case .statement = self { false } else { true }
    }

    public var description: String {
        switch self {
        case .refused(let reason), .temporary(let reason): reason
        case .statement(let state, let reason): "\(reason) (\(state))"
        case .closed: "closed"
        }
    }
}
