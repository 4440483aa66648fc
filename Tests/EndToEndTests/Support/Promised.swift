import Testing

/// What a flood was promised: recipient -> ids that the relay had acknowledged to the sender.
struct Promised {
    private(set) var ids: [String: [String]] = [:]

    var count: Int { ids.values.reduce(0) { $0 + $1.count } }

    init() {}

    /// - Parameter result: what `flood_lost` answered.
    init(_ result: JSON) { ids = result["acked_for"].members.mapValues(\.strings) }

    mutating func add(_ other: Promised) { ids.merge(other.ids) { $0 + $1 } }

    /// What the recipients do not get when they come.
    /// - Parameter patience: seconds without a message after which a recipient gives up.
    func missing(at relay: Relay, patience: Int) async throws -> [String] {
        var missing: [String] = []
        for (name, ids) in ids {
            let recipient = try await PythonAgent.connected(name, to: relay)
            let got = try await recipient.tell(
                "collect",
                [
                    "ids": .array(ids.map { .string($0) }), "patience_s": .number(Double(patience)),
                    "timeout_s": 60,
                ]
            )
            missing += got.missing
        }
        return missing
    }
}
