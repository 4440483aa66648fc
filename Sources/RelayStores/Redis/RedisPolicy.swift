import Redis

/// What a server does with what it was given, as it told when it was connected to; nil for what it does not tell.
public struct RedisPolicy: Sendable, Equatable {
    public var appendOnly: String?
    public var appendFsync: String?
    public var eviction: String?

    static let questions = ["appendonly", "appendfsync", "maxmemory-policy"].map { name in
        var command = RedisCommand("CONFIG", "GET", name)
        // Not of the least that a user needs, and renamed where Redis is somebody else's.
        command.mayBeRefused = true
        return command
    }

    /// - Parameter answers: to `questions`.
    init(_ answers: some Collection<RedisClient.Answer>) {
        let values = answers.map { answer in (try? answer.get())?.array?.last?.text }
        guard values.count == Self.questions.count else { return }
        (appendOnly, appendFsync, eviction) = (values[0], values[1], values[2])
    }

    /// What an acknowledged message survives, in words for operators.
    public var survives: String {
        guard appendOnly != "no" else { return "nothing but the server's last snapshot" }
        return switch (appendOnly, appendFsync) {
        case ("yes", "always"): "a crash of the server and the loss of power"
        case ("yes", "everysec"): "a crash of the server; the loss of power takes the last second or two"
        case ("yes", "no"): "a crash of the server; the loss of power takes what Linux had not written, some 30 s"
        default: "unknown: the server does not tell its appendonly and appendfsync"
        }
    }

    /// Keys here have no expiry, so that the policies that begin with `volatile` never take one.
    public var complaint: String? {
        guard let eviction, eviction.hasPrefix("allkeys") else { return nil }
        return
            "maxmemory-policy is \(eviction): Redis throws queued messages away where its memory runs out; set noeviction"
    }
}
