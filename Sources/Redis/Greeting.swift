/// What a new connection is asked before anybody else may use it, all at once: who we are, which database, and what the
/// owner wants known or loaded.
struct Greeting {
    private let own: [RedisCommand]
    /// AUTH and SELECT, the first of them.
    private let decisive: Int
    private let session: RedisClient.Session

    init(_ settings: RedisSettings, _ session: RedisClient.Session) {
        self.session = session
        var own: [RedisCommand] = []
        if !settings.password.isEmpty {
            var command = RedisCommand("AUTH")
            if !settings.username.isEmpty { command.append(settings.username) }
            command.append(settings.password)
            own.append(command)
        }
        if settings.database != 0 { own.append(RedisCommand("SELECT", String(settings.database))) }
        decisive = own.count
        // Whoever restores a backup, or looks at CLIENT LIST, sees that a relay is there.
        own.append(RedisCommand("CLIENT", "SETNAME", "moltrelay"))
        own.append(RedisCommand("PING"))
        self.own = own
    }

    /// - Parameter finished: nil where the connection may be used.
    func run(on handler: CommandHandler, _ finished: @escaping (RedisFailure?) -> Void) {
        let commands = own + session.prepare
        var answers: [Result<RedisReply, RedisFailure>] = []
        for command in commands {
            handler.send(command) { answer in
                answers.append(answer)
                if answers.count == commands.count { finished(self.verdict(on: answers)) }
            }
        }
    }

    private func verdict(on answers: [Result<RedisReply, RedisFailure>]) -> RedisFailure? {
        for (index, answer) in answers.prefix(own.count).enumerated() {
            if case .failure(let failure) = answer { return index < decisive ? failure.ofHandshake : failure }
        }
        return session.prepared(Array(answers.dropFirst(own.count)))
    }
}
