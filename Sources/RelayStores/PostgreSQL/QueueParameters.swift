import NIOCore
import Postgres
import RelayCore
import WireProtocol

extension ByteBuffer {
    mutating func write(_ agent: AgentHash) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: AgentHash.byteCount) { bytes in
            bytes.baseAddress.map { agent.write(to: $0) }
            return AgentHash.byteCount
        }
    }

    mutating func write(_ id: MessageID) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: MessageID.byteCount) { bytes in
            bytes.baseAddress.map { id.write(to: $0) }
            return MessageID.byteCount
        }
    }
}

extension PostgresParameters {
    init(_ value: Int64) {
        self.init()
        append(value)
    }

    init(_ agent: AgentHash) {
        self.init()
        append(agent)
    }

    /// Recipients, senders and ids.
    init(_ keys: [MessageKey]) {
        self.init()
        append(keys)
    }

    init(_ agents: [AgentHash]) {
        self.init()
        append(agents)
    }

    init(_ totals: QueueBatch.Totals) {
        self.init()
        for number in [totals.messages, totals.bytes, totals.exactlyOnce, totals.remembered] { append(Int64(number)) }
        append(totals.lastSequence)
        append(Int64(totals.anonymousPins))
    }

    mutating func append(_ agent: AgentHash) { append(bytes: { $0.write(agent) }) }

    mutating func append(_ time: UnixMilliseconds) { append(Int64(clamping: time)) }

    mutating func append(_ agents: [AgentHash]) { append(agents.count) { $0.write(agents[$1]) } }

    mutating func append(_ keys: [MessageKey]) {
        append(keys.count) { $0.write(keys[$1].recipient) }
        append(keys.count) { $0.write(keys[$1].sender) }
        append(keys.count) { $0.write(keys[$1].id) }
    }

    /// The columns of `queue`.
    init(_ messages: [QueuedMessage], relay: Int64) {
        self.init()
        reserve(bytes: messages.reduce(0) { $0 + $1.message.byteCount + 200 })
        let numbers = messages.map { RowNumbers($0.message, sequence: $0.sequence) }
        append(messages.map(\.sequence))
        append(messages.map(\.message.key))
        append(messages.map { Int16($0.message.lane.rawValue) })
        append(messages.map { Int16($0.message.flags.rawValue) })
        append(messages.map { $0.message.mode == .exactlyOnce })
        append(messages.map { Int64($0.message.byteCount) })
        append(numbers.map(\.acceptedAt))
        append(numbers.map(\.expiresAt))
        append(
            messages.indices.map { index in
                messages[index].message.payload.withUnsafeReadableBytes { numbers[index].checksum($0) }
            }
        )
        append(messages.count) { $0.writeImmutableBuffer(messages[$1].message.payload) }
        append(relay)
    }

    mutating func append(_ cursor: QueueCursor) {
        append(cursor.order.map { Int16($0.rawValue) })
        append(cursor.order.map { cursor[$0] })
    }
}

extension PostgresRows {
    func agent(_ row: Int, _ column: Int) -> AgentHash? { AgentHash(bytes: bytes(row, column)) }

    /// Recipient, sender and id in the first three columns.
    func key(_ row: Int) -> MessageKey? {
        guard let recipient = agent(row, 0), let sender = agent(row, 1), let id = MessageID(bytes: bytes(row, 2))
        else { return nil }
        return MessageKey(recipient: recipient, sender: sender, id: id)
    }

    func time(_ row: Int, _ column: Int) -> UnixMilliseconds? {
        isNull(row, column) ? nil : UnixMilliseconds(clamping: integer(row, column))
    }

    /// Of `QueueStatements.page`; nil where it is not what was written.
    func message(_ row: Int) -> QueuedMessage? {
        let bytes = bytes(row, 6)
        let numbers = RowNumbers(
            sequence: integer(row, 0),
            flags: integer(row, 3),
            acceptedAt: integer(row, 1),
            expiresAt: integer(row, 2)
        )
        guard bytes.count >= RoutingHeader.byteCount, let start = bytes.baseAddress,
            numbers.checksum(bytes) == integer(row, 4)
        else { return nil }
        let message = Message(
            routing: RoutingHeader(decoding: start),
            flags: FrameFlags(rawValue: UInt8(truncatingIfNeeded: numbers.flags)),
            payload: ByteBuffer(bytes: bytes),
            acceptedAt: UnixMilliseconds(clamping: numbers.acceptedAt),
            expiresAt: UnixMilliseconds(clamping: numbers.expiresAt)
        )
        return QueuedMessage(sequence: numbers.sequence, message: message)
    }
}
