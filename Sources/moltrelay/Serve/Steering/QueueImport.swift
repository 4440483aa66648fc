import FoundationEssentials
import Logging
import NIOCore
import NIOPosix
import RelayAdmin
import RelayCore
import RelayTransport
import WireProtocol

/// Accepts rows of an export as if their senders had sent them now: they count as accepted, and those for an agent that
/// is connected go out at once. A row names no file, and none is opened.
struct QueueImport: Sendable {
    private static let maxRows = 1_000

    let steering: Steering

    func take(
        _ rows: ByteBuffer,
        onlyChecking isCheck: Bool,
        on loop: any EventLoop
    ) async throws -> ImportDocument {
        guard steering.choice.queue != nil else { throw AdminRefusal.noQueue }
        let now = steering.loops.clock.now
        var read = try await steering.workers.runIfActive {
            try Reading(rows, now: now, latestExpiry: now + steering.retention)
        }
        if isCheck {
            read.document.taken = read.messages.count
            return read.document
        }
        let outcomes = try await steering.loops.take(read.messages.map(\.message), on: loop).get()
        for (row, outcome) in zip(read.messages.map(\.row), outcomes) {
            switch outcome {
            case .taken: read.document.taken += 1
            case .refused(let code): read.refuse(row, "the relay refuses it: \(code.rawValue)")
            case nil: read.refuse(row, "not answered within 10 seconds: it may be queued or not")
            }
        }
        read.document.refused.sort { $0.row < $1.row }
        tell(read.document)
        return read.document
    }

    private func tell(_ document: ImportDocument) {
        steering.tell(
            .queueImported,
            [
                "count": "\(document.taken)", "expired": "\(document.expired)",
                "refused": "\(document.refused.count)",
            ]
        )
    }

    /// What the lines say.
    private struct Reading: Sendable {
        var messages: [(row: Int, message: Message)] = []
        var document = ImportDocument(taken: 0, expired: 0, refused: [])

        init(_ bytes: ByteBuffer, now: UnixMilliseconds, latestExpiry: UnixMilliseconds) throws(AdminRefusal) {
            var lines = bytes.readableBytesView.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            if lines.last?.isEmpty ?? false { lines.removeLast() }
            guard lines.count <= maxRows else { throw AdminRefusal("more than \(maxRows) rows in one request") }
            let decoder = JSONDecoder()
            for (row, line) in lines.enumerated() {
                do {
                    var message = try Message(decoder.decode(QueueRow.self, from: Data(line)))
                    // What a clock that was ahead, or a hand, made longer than this relay keeps anything.
                    message.expiresAt = min(message.expiresAt, latestExpiry)
                    message.acceptedAt = min(message.acceptedAt, now)
                    if message.expiresAt > now { messages.append((row, message)) } else { document.expired += 1 }
                } catch let refusal as RowRefusal {
                    refuse(row, refusal.reason)
                } catch {
                    refuse(row, "not a row of a queue: \(Self.words(error))")
                }
            }
        }

        mutating func refuse(_ row: Int, _ reason: String) {
            document.refused.append(ImportDocument.Refused(row: row, reason: reason))
        }

        private static func words(_ error: any Error) -> String {
            switch error {
            case DecodingError.keyNotFound(let key, _): "\(key.stringValue) is missing"
            case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
                "\(context.codingPath.map(\.stringValue).joined(separator: ".")) has the wrong type"
            default: "no JSON object"
            }
        }
    }
}
