import DequeModule

/// Keys of exactly-once messages that left a queue, each until its time. The store that inserts bounds their number.
struct RememberedKeys {
    private var untilOf: [MessageKey: UnixMilliseconds] = [:]
    // In order of insertion, which a wall clock set back makes differ a little from the order of `until`: a key is then
    // forgotten later, never earlier.
    private var order: Deque<MessageKey> = []

    var count: Int { untilOf.count }

    func contains(_ key: MessageKey) -> Bool { untilOf[key] != nil }

    mutating func insert(_ key: MessageKey, until: UnixMilliseconds) {
        if untilOf.updateValue(until, forKey: key) == nil { order.append(key) }
    }

    mutating func forget(until now: UnixMilliseconds, limit: Int) {
        var left = limit
        while left > 0, let first = order.first, let until = untilOf[first], until <= now {
            order.removeFirst()
            untilOf[first] = nil
            left -= 1
        }
    }
}
