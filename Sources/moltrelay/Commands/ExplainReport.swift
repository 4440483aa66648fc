import RelayAdmin

/// A message's way for people. Scripts use the JSON; this may change from version to version.
struct ExplainReport {
    private let document: MessageDocument

    init(_ document: MessageDocument) { self.document = document }

    /// Without a newline at its end; nil where nothing is known.
    var text: String? {
        guard !document.messages.isEmpty else { return nil }
        let several = document.messages.count > 1
        let heading = several ? ["\(document.messages.count) messages have this id, of different agents.", ""] : []
        let ways = document.messages.map { MessageWay(id: document.id, $0).lines.joined(separator: "\n") }
        return (heading + [ways.joined(separator: "\n\n")]).joined(separator: "\n")
    }

    /// Why nothing is known; nil where something is.
    var failure: String? {
        guard document.messages.isEmpty else { return nil }
        guard document.recorder.enabled, let since = document.recorder.since else {
            return "this relay keeps no messages' ways: tracing.recorder_bytes is 0, or there was no memory for it"
        }
        let queued = document.queue.messages
        let queue =
            queued == 0
            ? ["The queue is empty."]
            : [
                "\(queued) \(queued == 1 ? "message waits" : "messages wait") in the queue"
                    + (document.queue.oldestAcceptedAt.map { ", the oldest since \(plainTime($0))" } ?? "") + ":",
                "one that was stored before that is known here when it is sent.",
            ]
        return
            ([
                "nothing is known of \(document.id).",
                "It never came, is best effort and still on its way to its recipient, or ended before",
                "\(plainTime(since)) UTC, which is how far back this relay remembers.",
            ] + queue).joined(separator: "\n  ")
    }
}

/// One message of the answer.
private struct MessageWay {
    private static let barWidth = 30.0

    private let id: String
    private let message: MessageDocument.Message

    init(id: String, _ message: MessageDocument.Message) {
        self.id = id
        self.message = message
    }

    var lines: [String] {
        let rows = [
            ("message", description), ("fate", fate), ("from", message.sender),
            ("to", message.recipient), ("trace", trace),
        ]
        let head = rows.compactMap { title, value in value.map { padded(title, to: 10) + $0 } }
        return head + [""] + steps
    }

    private var description: String {
        let mode = message.mode.map { $0.split(separator: "_").joined(separator: " ") }
        let parts = [id, mode, message.bytes.map { "\($0) bytes" }, message.queued ? "queued" : nil].compactMap { $0 }
        let copies = message.copies > 1 ? ["sent \(message.copies) times"] : []
        return (parts + copies).joined(separator: ", ")
    }

    private var trace: String { message.traceID + (message.traced ? " (its sender's)" : " (its own)") }

    private var fate: String {
        let time = elapsed(message.seconds)
        let told = message.nack.map { ", and its sender was told \($0)" } ?? ""
        switch message.fate {
        case "delivered": return "delivered after \(time)" + attempts
        case "expired": return "expired after \(time): its time to live ended before it was delivered" + told
        case "dropped": return "dropped after \(time): \(dropReasons[message.reason ?? ""] ?? reason)" + told
        case "refused": return "refused with \(reason): it was never accepted"
        case "under_way": return "under way for \(elapsed(message.seconds + waiting)): \(wait)"
        default: return message.fate
        }
    }

    private var attempts: String { message.attempts > 1 ? ", at attempt \(message.attempts)" : "" }
    private var reason: String { message.reason ?? "no reason given" }
    private var waiting: Double { message.waitingSeconds ?? 0 }

    private var wait: String {
        let times = message.attempts == 1 ? "" : " \(message.attempts) times"
        switch message.waitsFor {
        case "recipient": return "it waits in the queue for its recipient"
        case "acknowledgement": return "written\(times), its recipient has not acknowledged it"
        default: return "it is on its way to its recipient or the store"
        }
    }

    private var steps: [String] {
        let table = message.steps.map { step in
            let share = message.seconds > 0 ? step.seconds / message.seconds : 0
            let bar = String(repeating: "#", count: Int((share * Self.barWidth).rounded()))
            let stage = step.stage + ((step.attempt ?? 1) > 1 ? " (\(step.attempt ?? 1))" : "")
            let took = step.stage == message.steps.first?.stage && step.seconds == 0 ? "" : "+" + elapsed(step.seconds)
            return (padded(stage, to: 14) + plainTime(step.at) + "  " + padded(took, to: 13) + bar).trimmed
        }
        return [padded("stage", to: 14) + padded("UTC", to: 25) + "since the stage before"] + table
    }
}

private func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
}

private let dropReasons = [
    "recipient_offline": "its recipient was not connected",
    "outbox_full": "its recipient reads too slowly, its outbox was full",
    "disconnected": "its recipient's connection closed before it was written",
    "queue_full": "the queue had no room for it",
    "storage_unavailable": "the store could not take it",
    "duplicate": "the store holds an earlier copy of it, which counts",
    "draining": "the relay was going away",
    "shutdown": "the relay stopped",
    "memory": "the relay was at its memory ceiling",
    "unreadable": "its compressed envelope is not what its sender said",
]
