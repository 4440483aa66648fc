extension Schema {
    static let messages = [
        Setting(
            "messages.max_size_bytes",
            \.messages.maxSizeBytes,
            .whole(1024...(10 << 20), .bytes),
            "The largest envelope taken; a larger one is answered NACK TOO_LARGE."
        ),
        Setting(
            "messages.compression",
            \.messages.compression,
            .boolean,
            "Offer compression to agents in the handshake."
        ),
        Setting(
            "messages.compression_threshold",
            \.messages.compressionThreshold,
            .whole(0...(10 << 20), .bytes),
            "Envelopes up to this size are never compressed."
        ),
        Setting(
            "messages.max_in_flight",
            \.messages.maxInFlight,
            .whole(1...100_000),
            "Messages written to an agent that it may leave unacknowledged; the rest waits in its queue."
        ),
    ]

    static let queue = [
        Setting(
            "queue.enabled",
            \.queue.enabled,
            .boolean,
            "Keep messages for agents that are away. `false` answers NACK RECIPIENT_OFFLINE instead."
        ),
        Setting(
            "queue.storage",
            \.queue.storage,
            .choice,
            "Where queued messages and the keys pinned to agent ids are kept, the keys with the queue off too. "
                + "`sqlite` survives a crash and the loss of power; `memory` survives "
                + "nothing; `redis` and `postgres` can be shared by relays."
        ),
        Setting(
            "queue.max_messages_per_agent",
            \.queue.maxMessagesPerAgent,
            .whole(1...100_000_000),
            "Messages that may wait for one agent."
        ),
        Setting(
            "queue.max_total_size_bytes",
            \.queue.maxTotalSizeBytes,
            .whole(1_048_576...(.max), .bytes),
            "Bytes that may wait for all agents together; in SQLite one message for each KiB of it at most."
        ),
        Setting(
            "queue.retention_hours",
            \.queue.retentionHours,
            .whole(1...87_600, .hours),
            "How long a message without a TTL of its own waits."
        ),
        Setting(
            "queue.max_share_per_sender",
            \.queue.maxSharePerSender,
            .share,
            "The part of `max_messages_per_agent` that one sender may fill."
        ),
        Setting(
            "queue.dedup_max_ids",
            \.queue.deduplicationMaxIDs,
            .whole(0...(1 << 40)),
            "Ids of exactly-once messages remembered for 24 hours; past it NACK QUEUE_FULL."
        ),
    ]
}
