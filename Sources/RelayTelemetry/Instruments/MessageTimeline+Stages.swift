import RelayCore

extension MessageTimeline {
    /// When nothing but its recipient's connection kept it any more: routed, or durable where that had to come
    /// first, as exactly once has it.
    var sendable: MonotonicNanoseconds { stored > routed && stored <= enqueued ? stored : routed }
}
