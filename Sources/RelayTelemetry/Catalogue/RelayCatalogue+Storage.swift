import Telemetry

extension RelayCatalogue {
    static let storage = [
        queueDepth, queueBytes, queueOldestAge, queueWait, storeCommitDuration, storeBatchOperations,
        storeOperations, storeElided, storeFailures, storeCommittingBytes, storeInboxRefused, storeReopened,
        storeCorruptRows, storeFileBytes, storeBackend, storeWaitingBytes, storeMessages, spillMessages, spillBytes,
        spillLimitBytes, spilled, spillMoved, spillDuplicates, spillOwed, spillForgotten,
    ]

    static let queueDepth = MetricDeclaration.gauge(
        "moltrelay_queue_depth",
        help:
            "Messages in the store, not yet acknowledged by their recipients. Relays that share Redis count each once: sum "
            + "over them."
    )
    static let queueBytes = MetricDeclaration.gauge(
        "moltrelay_queue_bytes",
        unit: .bytes,
        help: "Bytes of the messages in the store."
    )
    static let queueOldestAge = MetricDeclaration.gauge(
        "moltrelay_queue_oldest_age_seconds",
        unit: .seconds,
        help: "Age of the oldest message in the store; 0 where there is none."
    )
    static let queueWait = MetricDeclaration.histogram(
        "moltrelay_queue_wait_seconds",
        unit: .seconds,
        bounds: [0.1, 1, 10, 60, 300, 900, 3_600, 21_600, 86_400, 259_200, 604_800],
        help: "From the acceptance of a message that waited in the store to its first write."
    )
    static let storeCommitDuration = MetricDeclaration.histogram(
        "moltrelay_store_commit_duration_seconds",
        unit: .seconds,
        bounds: [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
        help: "From the submission of a batch to its durability."
    )
    static let storeBatchOperations = MetricDeclaration.histogram(
        "moltrelay_store_batch_operations",
        bounds: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
        help: "Operations of a committed batch."
    )
    static let storeOperations = MetricDeclaration.counter(
        "moltrelay_store_operations_total",
        help: "Operations committed."
    )
    static let storeElided = MetricDeclaration.counter(
        "moltrelay_store_elided_total",
        help: "Writes spared because the recipient acknowledged before the commit began."
    )
    static let storeFailures = MetricDeclaration.counter(
        "moltrelay_store_failures_total",
        labels: [LabelDimension("reason", StoreFailureReason.allCases.map(\.rawValue))],
        help: "Batches that failed."
    )
    static let storeCommittingBytes = MetricDeclaration.gauge(
        "moltrelay_store_committing_bytes",
        unit: .bytes,
        help: "Bytes handed to the store that are not durable yet."
    )
    static let storeInboxRefused = MetricDeclaration.counter(
        "moltrelay_store_inbox_refused_total",
        help: "Calls the store refused because too much waited for it."
    )
    static let storeReopened = MetricDeclaration.counter(
        "moltrelay_store_reopened_total",
        help: "Times the store was opened again after a failure."
    )
    static let storeCorruptRows = MetricDeclaration.counter(
        "moltrelay_store_corrupt_rows_total",
        help: "Queued messages found damaged, at the start or since. They are never delivered."
    )
    static let storeBackend = MetricDeclaration.gauge(
        "moltrelay_store_backend",
        labels: [LabelDimension("backend", RelayReadings.Store.Backend.allCases.map(\.rawValue))],
        help: "1 for what messages and pins are kept in: to join others by."
    )
    static let storeWaitingBytes = MetricDeclaration.gauge(
        "moltrelay_store_waiting_bytes",
        unit: .bytes,
        help: "Bytes of calls that the store has not answered."
    )
    static let storeMessages = MetricDeclaration.gauge(
        "moltrelay_store_messages",
        help: "Messages in the store and in the spill, those that other relays count included."
    )
    static let spillLimitBytes = MetricDeclaration.gauge(
        "moltrelay_spill_limit_bytes",
        unit: .bytes,
        help: "What the spill takes at most; 0 without one."
    )
    static let spillMessages = MetricDeclaration.gauge(
        "moltrelay_spill_messages",
        help: "Messages that wait in a file on this machine until the store can take them; part of the queue's depth."
    )
    static let spillBytes = MetricDeclaration.gauge(
        "moltrelay_spill_bytes",
        unit: .bytes,
        help: "Bytes of the messages in the spill."
    )
    static let spilled = MetricDeclaration.counter(
        "moltrelay_spilled_messages_total",
        help: "Messages given to the spill because the store could not take them."
    )
    static let spillMoved = MetricDeclaration.counter(
        "moltrelay_spill_moved_messages_total",
        help: "Messages moved from the spill to the store."
    )
    static let spillDuplicates = MetricDeclaration.counter(
        "moltrelay_spill_duplicates_total",
        help: "Moved messages that the store had already, from a batch it failed after all: counted twice until then."
    )
    static let spillOwed = MetricDeclaration.gauge(
        "moltrelay_spill_owed_removals",
        help: "Messages that left while the store was away and are to be removed there."
    )
    static let spillForgotten = MetricDeclaration.counter(
        "moltrelay_spill_forgotten_removals_total",
        help: "Removals that the spill had no room for. Their messages are delivered once more."
    )
    static let storeFileBytes = MetricDeclaration.gauge(
        "moltrelay_store_file_bytes",
        unit: .bytes,
        labels: [LabelDimension("file", ["database", "log"])],
        help: "Size of the store's files; the log is the one written ahead."
    )
}
