import NIOCore
import Redis
import RelayCore
import WireProtocol

extension RedisCommand {
    /// A script that the server has loaded.
    /// - Parameters:
    ///   - base: what the queue's keys begin with.
    ///   - relay: as `QueueScript.newShare` names it.
    static func call(_ digest: ByteBuffer, on base: String, _ relay: String) -> RedisCommand {
        var command = RedisCommand("EVALSHA")
        command.append(digest)
        command.append("2")
        command.append(base)
        command.append(relay)
        return command
    }

    static func status(of recipient: AgentHash, on base: String) -> RedisCommand {
        var command = RedisCommand("HMGET")
        let base = base + ":c:"
        command.append(base.utf8.count + AgentHash.byteCount) { bytes in
            bytes.copyBytes(from: base.utf8)
            bytes.write(recipient, at: base.utf8.count)
        }
        command.append("m")
        command.append("a")
        return command
    }

    /// What scripts that change the queue begin with.
    mutating func append(now: UnixMilliseconds) {
        append(now)
        append(QueueLimits.deduplicationWindow)
    }

    mutating func append(_ batch: [StoreOperation], under limits: QueueLimits) {
        append(limits.maxMessagesPerAgent)
        append(limits.maxMessagesPerSender)
        append(limits.maxTotalBytes)
        append(limits.deduplicationMaxIDs)
        append(batch.contains(where: \.isPut) ? "1" : "0")
        for operation in batch {
            switch operation {
            case .put(let message): append(message)
            case .remove(let key):
                append("r")
                append(key)
            }
        }
    }

    private mutating func append(_ message: Message) {
        append("\(message.lane.rawValue)\(message.mode == .exactlyOnce ? 1 : 0)")
        append(message.key)
        append(message.acceptedAt)
        append(message.expiresAt)
        append(message.flags.rawValue)
        append(message.redisChecksum)
        append(message.payload)
    }

    /// The recipient, then sender and id.
    private mutating func append(_ key: MessageKey) {
        append(key.recipient)
        append(AgentHash.byteCount + MessageID.byteCount) { bytes in
            bytes.write(key.sender, at: 0)
            bytes.baseAddress.map { key.id.write(to: $0 + AgentHash.byteCount) }
        }
    }

    mutating func append(_ agent: AgentHash) { append(AgentHash.byteCount) { $0.write(agent, at: 0) } }

    mutating func append(_ cursor: QueueCursor) {
        for lane in cursor.order {
            append(lane.rawValue)
            append(cursor[lane] + 1)
        }
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func write(_ agent: AgentHash, at offset: Int) { baseAddress.map { agent.write(to: $0 + offset) } }
}
