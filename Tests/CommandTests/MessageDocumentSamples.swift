import RelayAdmin

extension MessageDocument {
    static let samples: [String: MessageDocument] = [
        "delivered": sample([.delivered]), "queued": sample([.queued]), "dropped": sample([.dropped]),
        "refused": sample([.refused]), "waiting": sample([.waiting]), "two": sample([.delivered, .bestEffort]),
        "unknown": sample([]), "unknown-queue": sample([], queued: 12), "off": sample([], isOn: false),
    ]

    private static func sample(_ messages: [Message], queued: Int = 0, isOn: Bool = true) -> MessageDocument {
        MessageDocument(
            id: "018f6d3a-7c1e-7000-8000-0123456789ab",
            at: "2026-11-23T09:30:00.000+00:00",
            recorder: Recorder(enabled: isOn, since: isOn ? "2026-11-23T09:22:43.123+00:00" : nil, records: 262_144),
            queue: Queue(messages: queued, oldestAcceptedAt: queued > 0 ? "2026-11-22T18:03:11.004+00:00" : nil),
            messages: messages
        )
    }
}

extension MessageDocument.Message {
    private static let own = "018f6d3a7c1e700080000123456789ab"
    private static let (alice, bob) = ("sha256:2bd806c97f0e00af", "sha256:81b637d8fcd2c6da")

    private static func steps(_ steps: (String, String, Double, Int?)...) -> [MessageDocument.Step] {
        steps.map { stage, time, seconds, attempt in
            MessageDocument.Step(stage: stage, at: "2026-11-23T\(time)+00:00", seconds: seconds, attempt: attempt)
        }
    }

    fileprivate static let delivered = Self(
        sender: alice,
        recipient: bob,
        mode: "at_least_once",
        bytes: 352,
        fate: "delivered",
        attempts: 1,
        copies: 1,
        queued: false,
        traceID: "4bf92f3577b34da6a3ce929d0e0e4736",
        traced: true,
        seconds: 0.022_118,
        steps: steps(
            ("received", "09:29:43.120", 0, nil),
            ("routed", "09:29:43.120", 0.000_000_4, nil),
            ("enqueued", "09:29:43.120", 0.000_051, 1),
            ("written", "09:29:43.121", 0.000_552, 1),
            ("stored", "09:29:43.124", 0.003_4, nil),
            ("acknowledged", "09:29:43.142", 0.018_114_6, nil)
        )
    )

    fileprivate static let queued = Self(
        sender: alice,
        recipient: bob,
        mode: "exactly_once",
        bytes: 100_352,
        fate: "delivered",
        attempts: 2,
        copies: 2,
        queued: true,
        traceID: own,
        traced: false,
        seconds: 7_507.15,
        steps: steps(
            ("received", "07:24:36.000", 0, nil),
            ("routed", "07:24:36.000", 0.000_012, nil),
            ("stored", "07:24:36.005", 0.005, nil),
            ("loaded", "09:29:38.099", 7_502.094, nil),
            ("enqueued", "09:29:38.100", 0.001, 1),
            ("written", "09:29:38.110", 0.01, 1),
            ("enqueued", "09:29:43.110", 5, 2),
            ("written", "09:29:43.120", 0.01, 2),
            ("acknowledged", "09:29:43.150", 0.03, nil)
        )
    )

    fileprivate static let dropped = Self(
        sender: alice,
        recipient: bob,
        mode: "at_least_once",
        bytes: 352,
        fate: "dropped",
        reason: "queue_full",
        nack: "QUEUE_FULL",
        attempts: 0,
        copies: 1,
        queued: false,
        traceID: own,
        traced: false,
        seconds: 0.004_25,
        steps: steps(
            ("received", "09:29:43.120", 0, nil),
            ("routed", "09:29:43.120", 0.000_25, nil),
            ("dropped", "09:29:43.124", 0.003_9, nil),
            ("refused", "09:29:43.124", 0.000_1, nil)
        )
    )

    fileprivate static let refused = Self(
        fate: "refused",
        reason: "RATE_LIMITED",
        nack: "RATE_LIMITED",
        attempts: 0,
        copies: 1,
        queued: false,
        traceID: own,
        traced: false,
        seconds: 0,
        steps: steps(("refused", "09:29:43.124", 0, nil))
    )

    fileprivate static let waiting = Self(
        sender: alice,
        recipient: bob,
        mode: "at_least_once",
        bytes: 352,
        fate: "under_way",
        waitsFor: "recipient",
        waitingSeconds: 90_000,
        attempts: 0,
        copies: 1,
        queued: false,
        traceID: own,
        traced: false,
        seconds: 0.005,
        steps: steps(("received", "08:29:43.120", 0, nil), ("stored", "08:29:43.125", 0.005, nil))
    )

    fileprivate static let bestEffort = Self(
        sender: bob,
        recipient: alice,
        mode: "best_effort",
        fate: "delivered",
        attempts: 1,
        copies: 1,
        queued: false,
        traceID: own,
        traced: false,
        seconds: 0.000_087,
        steps: steps(
            ("received", "09:29:44.120", 0, nil),
            ("routed", "09:29:44.120", 0.000_02, nil),
            ("enqueued", "09:29:44.120", 0, 1),
            ("written", "09:29:44.120", 0.000_067, 1)
        )
    )
}
