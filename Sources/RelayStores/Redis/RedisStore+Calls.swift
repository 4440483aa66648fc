import NIOCore
import Redis
import RelayCore
import WireProtocol

extension RedisStore {
    /// A server before Redis 6, or one that forbids it, does not tell.
    private static let mode = {
        var command = RedisCommand("HELLO")
        command.mayBeRefused = true
        return command
    }()

    /// Of one server: a node of a cluster would have the queue only while it has that slot.
    static func lonely(_ session: RedisClient.Session) -> RedisClient.Session {
        var lonely = session
        lonely.prepare.insert(mode, at: 0)
        lonely.prepared = { answers in
            let fields = (try? answers[0].get())?.array ?? []
            let place = fields.firstIndex { $0.text == "mode" }.map { $0 + 1 }
            let told = place.flatMap { fields.indices.contains($0) ? fields[$0].text : nil }
            switch told {
            case "cluster", "sentinel":
                return .refused("it is a node of a Redis \(told == "cluster" ? "Cluster" : "Sentinel")")
            default: return session.prepared(Array(answers.dropFirst()))
            }
        }
        return lonely
    }

    /// Scripts are loaded and the queue is counted before a connection is used.
    static func session(_ publication: RedisPublication, name: String) -> RedisClient.Session {
        var session = RedisClient.Session()
        session.prepare = QueueScript.allCases.map { RedisCommand("SCRIPT", "LOAD", $0.source) }
        var totals = RedisCommand("EVAL", QueueScript.totals.source, "2", publication.base, publication.share)
        totals.append(now: 0)
        totals.append(name)
        session.prepare.append(totals)
        session.prepare += RedisPolicy.questions
        // A server that has become a replica refuses it; nothing is removed.
        session.heartbeat = RedisCommand("DEL", publication.base + ":none")
        session.prepared = { answers in
            do throws(RedisFailure) {
                try opened(answers, publication)
                return nil
            } catch {
                return error
            }
        }
        session.tried = { publication.tries($0) }
        session.changed = { failure in
            publication.connected(failure?.description, at: NIODeadline.now().uptimeNanoseconds)
        }
        return session
    }

    private static func opened(
        _ answers: [RedisClient.Answer],
        _ publication: RedisPublication
    ) throws(RedisFailure) {
        var digests: [ByteBuffer] = []
        let scripts = QueueScript.allCases.count
        for answer in answers.prefix(scripts) { digests.append(try answer.get().bytes ?? ByteBuffer()) }
        guard let parts = try answers[scripts].get().array, let sums = QueueSums(parts),
            parts.count == QueueSums.count + 1
        else {
            throw .temporary("an answer that is not one of ours")
        }
        if let version = parts[QueueSums.count].integer, version > QueueScript.schemaVersion {
            throw .refused(
                "the queue there is of version \(version), written by a newer relay; this one knows "
                    + "\(QueueScript.schemaVersion)"
            )
        }
        publication.opened(digests, sums, RedisPolicy(answers.dropFirst(scripts + 1)))
    }

    /// - Parameter began: when it was sent, or as good as.
    func work<Value>(since began: NIODeadline, operations: Int, _ result: Result<Value, RedisFailure>) -> StoreWork {
        var work = StoreWork(
            .redis,
            at: publication.server.map { .init(host: $0.host, port: $0.port) },
            began: began.uptimeNanoseconds,
            ended: NIODeadline.now().uptimeNanoseconds,
            operations: operations
        )
        if case .failure(let failure) = result { (work.failure, work.code) = (failure.ofStore, failure.code) }
        return work
    }

    func call<Value: Sendable>(
        _ script: QueueScript,
        bytes: Int = 256,
        _ arguments: @escaping @Sendable (inout RedisCommand) -> Void,
        decoding: @escaping @Sendable (RedisReply) -> Value?,
        completion: @escaping @Sendable (Result<Value, RedisFailure>) -> Void
    ) {
        let publication = publication
        client.send(bytes: bytes) {
            var command = RedisCommand.call(publication.digest(script), on: publication.base, publication.share)
            command.reserve(bytes: bytes)
            arguments(&command)
            return command
        } _: { answer in
            completion(answer.decoded(decoding))
        }
    }

    /// - Parameter completion: given nil where nothing but damage is in reach.
    func page(
        of recipient: AgentHash,
        past cursor: QueueCursor,
        _ cut: PageCut,
        now: UnixMilliseconds,
        _ completion: @escaping @Sendable (Result<QueuePage?, RedisFailure>) -> Void
    ) {
        call(.load) {
            $0.append(recipient)
            $0.append(now)
            $0.append(cut.maxMessages)
            $0.append(cut.maxBytes)
            $0.append(cursor)
        } decoding: { reply in
            QueueAnswer.page(reply)
        } completion: { result in
            if let (page, damaged) = try? result.get() {
                // Or the same page would be asked for again, whose end lies behind nothing.
                guard !page.messages.isEmpty || page.isLast else {
                    guard let wider = cut.wider else { return completion(.success(nil)) }
                    return self.page(of: recipient, past: cursor, wider, now: now) { result in
                        completion(result.map { $0.map { cut.trimmed($0) } })
                    }
                }
                if damaged > 0 { self.publication.count { $0.corruptRows += damaged } }
            }
            completion(result.map(\.0))
        }
    }

    /// A call whose answer begins with what is queued now.
    func write<Value: Sendable>(
        _ script: QueueScript,
        bytes: Int = 256,
        _ arguments: @escaping @Sendable (inout RedisCommand) -> Void,
        decoding: @escaping @Sendable (RedisReply) -> (QueueSums, Value)?,
        completion: @escaping @Sendable (Result<Value, RedisFailure>) -> Void
    ) {
        let publication = publication
        call(script, bytes: bytes, arguments) { reply -> Value? in
            guard let (sums, value) = decoding(reply) else { return nil }
            publication.changed(sums)
            return value
        } completion: { result in
            if case .failure(let failure) = result, failure.isOfServer {
                publication.writeFailed(failure.description, at: NIODeadline.now().uptimeNanoseconds)
            }
            completion(result)
        }
    }

    /// Looks at an agent's pin and puts another in its place where `decide` gives one (an empty one for none), again
    /// where somebody else was faster.
    /// - Parameter elsewhere: pins without an organisation in other queues under the same limit.
    func exchangePin<Outcome: Sendable>(
        of agent: AgentHash,
        most: Int,
        elsewhere: Int = 0,
        attempts: Int = 16,
        _ decide: @escaping @Sendable (ByteBuffer?, _ anonymous: Int) -> (new: ByteBuffer?, Outcome),
        completion: @escaping @Sendable (Result<Outcome, StoreFailure>) -> Void
    ) {
        let publication = publication
        call(.pinned) {
            $0.append(agent)
        } decoding: { reply -> (ByteBuffer, Int)? in
            guard let parts = reply.array, parts.count == 2, let pinned = parts[0].bytes else { return nil }
            return (pinned, Int(parts[1].integer ?? 0))
        } completion: { result in
            let (old, anonymous): (ByteBuffer, Int)
            switch result {
            case .success(let found):
                (old, anonymous) = found
                publication.pinned(anonymous: anonymous)
            case .failure(let failure): return completion(.failure(failure.ofStore))
            }
            let (new, outcome) = decide(old.readableBytes > 0 ? old : nil, anonymous + elsewhere)
            guard let new else { return completion(.success(outcome)) }
            self.call(.pin) {
                $0.append(agent)
                $0.append(old)
                $0.append(new)
                $0.append(max(0, most - elsewhere))
            } decoding: {
                $0.integer
            } completion: { result in
                switch result {
                case .success(let anonymous) where anonymous >= 0:
                    publication.pinned(anonymous: Int(anonymous))
                    completion(.success(outcome))
                case .success where attempts > 1:
                    self.exchangePin(
                        of: agent,
                        most: most,
                        elsewhere: elsewhere,
                        attempts: attempts - 1,
                        decide,
                        completion: completion
                    )
                case .success: completion(.failure(.unavailable(reason: "others change this pin all the time")))
                case .failure(let failure): completion(.failure(failure.ofStore))
                }
            }
        }
    }

    /// Asks for page after page, a thousand agents each, so that the server has time for others between them.
    /// - Parameter completion: with what was listed before too, and how many agents this queue has.
    func list(
        _ listing: QueueListing,
        _ completion: @escaping @Sendable (Result<(QueueListing, agents: Int), StoreFailure>) -> Void
    ) {
        let limit = listing.pageSize
        call(.list) {
            $0.append(listing.after)
            $0.append(limit)
        } decoding: {
            QueueAnswer.loads($0)
        } completion: { result in
            switch result {
            case .failure(let failure): completion(.failure(failure.ofStore))
            case .success(let (agents, loads)):
                var listing = listing
                listing.add(loads)
                if loads.count < limit || listing.isComplete {
                    completion(.success((listing.begun(), agents)))
                } else {
                    self.list(listing, completion)
                }
            }
        }
    }
}

extension RedisClient.Answer {
    func decoded<Value>(_ decode: (RedisReply) -> Value?) -> Result<Value, RedisFailure> {
        flatMap { reply in
            decode(reply).map { .success($0) } ?? .failure(.command("an answer that is not one of ours"))
        }
    }
}

extension RedisFailure {
    /// The word that errors of Redis begin with.
    fileprivate var code: String? {
        let word = description.prefix { $0.isASCII && $0.isUppercase }
        return word.count > 2 && description.dropFirst(word.count).first == " " ? String(word) : nil
    }

    var ofStore: StoreFailure {
        switch self {
        case .closed: .closed
        case .outOfMemory(let reason): .memoryFull(reason: reason)
        default: .unavailable(reason: description)
        }
    }

    /// The server said it, about this command.
    fileprivate var isOfServer: Bool {
        switch self {
        case .outOfMemory, .command: true
        case .refused, .temporary, .full, .closed: false
        }
    }
}
