import RelayCore
import Telemetry
import WireProtocol

extension RelayCatalogue {
    static let messages = [
        messagesTotal, messagesAccepted, messagesSettled, messagesDropped, messagesInFlight, messagesRecovered,
        messagesTakenOver, messagesHandedOver, messageLatency, messageStage, acknowledgementLatency, messageSize,
        redeliveries, duplicatesJoined,
        unknownAcknowledgements, nacks,
    ]

    static let messagesTotal = MetricDeclaration.counter(
        "moltrelay_messages_total",
        help: "Messages accepted."
    )
    static let messagesAccepted = MetricDeclaration.counter(
        "moltrelay_messages_accepted_total",
        labels: [LabelDimension("mode", DeliveryMode.allCases.map(\.label))],
        help: "Messages accepted, by what their sender asked for. Sums to moltrelay_messages_total."
    )
    static let messagesSettled = MetricDeclaration.counter(
        "moltrelay_messages_settled_total",
        labels: [LabelDimension("fate", MessageFate.labels)],
        help: "Messages that ended, by how: each accepted or recovered message ends once."
    )
    static let messagesDropped = MetricDeclaration.counter(
        "moltrelay_messages_dropped_total",
        labels: [LabelDimension("reason", DropReason.allCases.map(\.rawValue))],
        help: "Messages dropped, by reason. Sums to the fate dropped of moltrelay_messages_settled_total."
    )
    static let messagesInFlight = MetricDeclaration.gauge(
        "moltrelay_messages_in_flight",
        help: "Messages accepted that have not ended and that the store does not hold, counted in the relay's tables."
    )
    static let messagesRecovered = MetricDeclaration.counter(
        "moltrelay_messages_recovered_total",
        help:
            "Messages that the store held when it was opened, damaged ones included; of a shared store, those that this relay "
            + "counts instead of one that has gone."
    )
    static let messagesTakenOver = MetricDeclaration.counter(
        "moltrelay_messages_taken_over_total",
        help: "Messages that this relay took out of a shared store and another had put there."
    )
    static let messagesHandedOver = MetricDeclaration.counter(
        "moltrelay_messages_handed_over_total",
        help: "Messages put into a shared store by this relay that another took out, or counts now."
    )
    static let messageLatency = MetricDeclaration.histogram(
        "moltrelay_message_latency",
        unit: .seconds,
        bounds: [
            0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
            10,
        ],
        help: """
            Seconds from the last byte of a message read to its write to the recipient's socket; first attempts only, \
            without what waited in the offline queue.
            """
    )
    static let messageStage = MetricDeclaration.histogram(
        "moltrelay_message_stage_seconds",
        unit: .seconds,
        bounds: [
            0.000_01, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5,
        ],
        labels: [LabelDimension("stage", MessageStage.allCases.map(\.rawValue))],
        help: """
            Parts of a message's way: route, enqueue and write follow each other and sum to the latency; store, from \
            the message's arrival to its durability, runs beside them, or for exactly once between route and enqueue.
            """
    )
    static let acknowledgementLatency = MetricDeclaration.histogram(
        "moltrelay_acknowledgement_latency_seconds",
        unit: .seconds,
        bounds: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 150],
        help: "From the write of a message to the reading of its recipient's ACK."
    )
    static let messageSize = MetricDeclaration.histogram(
        "moltrelay_message_size_bytes",
        unit: .bytes,
        bounds: [256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 10_485_760],
        help: "Payload of accepted messages, routing header included."
    )
    static let redeliveries = MetricDeclaration.counter(
        "moltrelay_redeliveries_total",
        help: "Messages sent again because no ACK came or their connection closed."
    )
    static let duplicatesJoined = MetricDeclaration.counter(
        "moltrelay_duplicates_joined_total",
        help: "Retries that joined the message they repeat instead of being accepted."
    )
    static let unknownAcknowledgements = MetricDeclaration.counter(
        "moltrelay_unknown_acknowledgements_total",
        help: "Message ids in ACKs that were not in flight to that agent."
    )
    static let nacks = MetricDeclaration.counter(
        "moltrelay_nacks_total",
        labels: [LabelDimension("code", NackCode.allCases.map(\.rawValue))],
        help: "NACKs sent, by code."
    )
}
