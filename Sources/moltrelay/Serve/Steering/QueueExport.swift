import NIOCore
import RelayAdmin
import RelayCore
import RelayTransport
import WireProtocol

/// Reads queues out of the store, a page at a time: on the store's reader, beside everything else that is read.
struct QueueExport: Sendable {
    private static let maxRows = 1_000
    private static let maxBytes = 1 << 20

    let steering: Steering

    /// - Parameters:
    ///   - text: of the agent whose queue it is; nil for all, by hash.
    ///   - after: where the page before ended.
    func page(of text: String?, _ after: String?, on loop: any EventLoop) async throws -> ExportPage {
        var place = try after.map { try ExportPlace(text: $0) }
        let agent = try await place.flatMap { text == nil ? nil : $0.agent }.orAsk { () async throws -> AgentHash? in
            guard let text else { return nil }
            return try await steering.agent(text, on: loop)
        }
        if let agent, place == nil { place = ExportPlace(agent: agent) }
        var rows: [QueueRow] = []
        var bytes = 0
        repeat {
            if place?.isDone ?? true {
                if agent != nil, place != nil { return ExportPage(rows: rows, next: nil) }
                guard let next = try await self.agent(behind: place?.agent) else {
                    return ExportPage(rows: rows, next: nil)
                }
                place = ExportPlace(agent: next)
            }
            guard var current = place else { break }
            let page = try await load(current, rows: Self.maxRows - rows.count, bytes: Self.maxBytes - bytes)
            for queued in page.messages {
                current.cursor[queued.message.lane] = queued.sequence
                bytes += queued.message.byteCount
                rows.append(QueueRow(queued.message))
            }
            current.isDone = page.isLast
            place = current
        } while rows.count < Self.maxRows && bytes < Self.maxBytes
        return ExportPage(rows: rows, next: place?.text)
    }

    private func agent(behind agent: AgentHash?) async throws -> AgentHash? {
        try await steering.queues(QueueListQuestion(order: .agent, limit: 1, after: agent)).queues.first?.recipient
    }

    private func load(_ place: ExportPlace, rows: Int, bytes: Int) async throws -> QueuePage {
        try await steering.stored { completion in
            steering.choice.store.load(
                place.agent,
                past: place.cursor,
                maxMessages: rows,
                maxBytes: max(1, bytes),
                now: steering.loops.clock.now,
                completion: completion
            )
        }
    }
}

extension Optional {
    fileprivate func orAsk(_ ask: () async throws -> Wrapped?) async throws -> Wrapped? {
        if let self { return self }
        return try await ask()
    }
}

/// How far an export has come: an agent, and its lanes' last sequences.
struct ExportPlace: Equatable {
    var agent: AgentHash
    var cursor = QueueCursor.start
    /// Nothing lies past it.
    var isDone = false

    init(agent: AgentHash) { self.agent = agent }

    init(text: String) throws(AdminRefusal) {
        let words = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        let numbers = words.dropFirst().compactMap { Int64($0, radix: 16) }
        guard let agent = words.first.flatMap(AgentHash.init), words.count == 7, numbers.count == 6 else {
            throw AdminRefusal("after is what an answer had as its next, not \(text.prefix(80))")
        }
        self.agent = agent
        for (lane, sequence) in zip(Lane.allCases, numbers) { cursor[lane] = sequence }
        isDone = numbers[5] == 1
    }

    var text: String {
        let numbers = Lane.allCases.map { cursor[$0] } + [isDone ? 1 : 0]
        let digits = agent.description.dropFirst("sha256:".count)
        return ([String(digits)] + numbers.map { String($0, radix: 16) }).joined(separator: "-")
    }
}
