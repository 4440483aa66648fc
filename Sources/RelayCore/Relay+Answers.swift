import WireProtocol

extension Relay {
    /// Answers that a connection keeps the memory for: 2 KiB. What a burst of them needed is given back.
    private static let keptAnswers = 64

    func queueAnswer(_ answer: Answer, to ref: ConnectionRef) {
        guard let connection = connections[ref] else { return imports.answered(answer, to: ref) }
        connection.answers.append(answer)
        markDirty(connection)
    }

    /// One ACK frame a kind and tick, however many messages it answers.
    func sendAnswers(_ connection: Connection, wallClock: UnixMilliseconds) {
        guard !connection.answers.isEmpty else { return }
        for case .refused(let id, let code) in connection.answers { send(refusal(of: id, code), to: connection) }
        for kind in AckType.allCases {
            for ids in connection.answers.acknowledged(kind).chunks(of: Ack.maxIDs) {
                let ack = Ack(messageIDs: Array(ids), type: kind, timestamp: wallClock)
                let payload = connection.takesBinaryAcknowledgements ? ack.binary : ack.json
                send(OutgoingFrame(type: .ack, payload: payload), to: connection)
            }
        }
        connection.answers.removeAll(keepingCapacity: connection.answers.capacity <= Self.keptAnswers)
    }

    /// The NACK of a message that was not taken.
    /// - Parameter reason: nil for the code's own words.
    func refusal(
        of id: MessageID,
        _ code: NackCode,
        because reason: String? = nil,
        retryAfterMilliseconds: UInt64? = nil
    ) -> OutgoingFrame {
        note(.nacked(id, code: code))
        let nack = Nack(
            messageID: id,
            code: code,
            message: reason ?? code.explanation,
            retryAfterMilliseconds: retryAfterMilliseconds ?? code.retryAfterMilliseconds
        )
        return OutgoingFrame(type: .nack, payload: nack.json)
    }
}

extension NackCode {
    var explanation: String {
        switch self {
        case .recipientOffline: "the recipient is not connected and this relay queues nothing for it"
        case .queueFull: "the recipient's queue is full"
        case .expired: "the message's time to live ended before it was delivered"
        case .tooLarge: "the message is larger than this relay takes"
        case .rateLimited: "too many messages in too short a time"
        case .senderMismatch: "the sender is not the agent of this connection"
        case .draining: "this relay is going away and takes no new messages"
        case .storageUnavailable: "the message could not be stored"
        }
    }

    /// nil where trying again later cannot help.
    var retryAfterMilliseconds: UInt64? {
        switch self {
        case .recipientOffline: 30_000
        case .queueFull, .rateLimited: 5_000
        case .storageUnavailable: 1_000
        case .draining: 5_000
        case .expired, .tooLarge, .senderMismatch: nil
        }
    }
}

extension [Answer] {
    fileprivate func acknowledged(_ wanted: AckType) -> [MessageID] {
        compactMap { if case .acknowledged(let id, wanted) = $0 { id } else { nil } }
    }
}

extension Array {
    fileprivate func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
