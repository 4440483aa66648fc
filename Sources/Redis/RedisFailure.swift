/// Why a command has no answer.
public enum RedisFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// It will be refused as long as nobody changes the configuration, here or there.
    case refused(String)
    /// The server is away, or cannot do it now. What was sent may have been done.
    case temporary(String)
    /// The server has no memory left by its own bound (`maxmemory`).
    case outOfMemory(String)
    /// The server answered with another error.
    case command(String)
    /// Too many bytes wait for answers.
    case full
    case closed

    /// Of an error reply, told apart by its first word. Servers before Redis 7 tell last what went wrong in a script.
    init(reply: String) {
        let inScript = reply.hasPrefix("ERR Error running script") ? reply.firstRange(of: ": -") : nil
        let text = inScript.map { String(reply[$0.upperBound...]) } ?? reply
        switch text.prefix(while: { $0 != " " }) {
        case "WRONGPASS", "NOAUTH", "NOPERM": self = .refused(text)
        case "OOM": self = .outOfMemory(text)
        case "LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY":
            self = .temporary(text)
        // MISCONF (a full disk) and NOREPLICAS among them: it reads, and refuses to write.
        default: self = .command(text)
        }
    }

    /// The connection it came by is of no use any more: its server is a replica now, or forgot the scripts.
    var endsConnection: Bool {
        switch self {
        case .refused: true
        case .temporary(let text): text.hasPrefix("READONLY") || text.hasPrefix("LOADING")
        case .command(let text): text.hasPrefix("NOSCRIPT")
        default: false
        }
    }

    /// Trying again changes nothing.
    public var isFinal: Bool {
        if case .refused = self { true } else { false }
    }

    /// An answer to AUTH or SELECT: what is not said to pass will not pass, but for a server that has too many clients,
    /// which tells that to whatever is sent first.
    var ofHandshake: RedisFailure {
        guard case .command(let text) = self, !text.hasPrefix("ERR max number of clients") else { return self }
        return .refused(text)
    }

    public var description: String {
        switch self {
        case .refused(let reason), .temporary(let reason), .outOfMemory(let reason), .command(let reason): reason
        case .full: "too much is waiting for Redis"
        case .closed: "closed"
        }
    }
}
