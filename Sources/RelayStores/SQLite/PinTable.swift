import RelayCore
import WireProtocol

/// The keys that agent ids are pinned to. A row that differs from what was written is told apart from an absent one:
/// anyone could claim the id then.
struct PinTable {
    enum Found {
        case absent
        case pinned(PinnedKey)
        case damaged
    }

    private let connection: SQLiteConnection
    private let lookup: SQLiteStatement
    private let insertion: SQLiteStatement
    private let deletion: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        self.connection = connection
        lookup = try SQLiteStatement("SELECT public_key, org, checksum FROM pins WHERE agent = ?1", on: connection)
        insertion = try SQLiteStatement(
            "INSERT OR REPLACE INTO pins(agent, public_key, org, checksum) VALUES(?1, ?2, ?3, ?4)",
            on: connection
        )
        deletion = try SQLiteStatement("DELETE FROM pins WHERE agent = ?1", on: connection)
    }

    func find(_ agent: AgentHash) throws(SQLiteError) -> Found {
        defer { lookup.reset() }
        lookup.bind(copying: agent.bytes, at: 1)
        guard try lookup.step() else { return .absent }
        let pin = PinnedKey(publicKey: Array(lookup.bytes(0)), org: lookup.isNull(1) ? nil : lookup.text(1))
        return lookup.integer(2) == Self.checksum(pin, of: agent) ? .pinned(pin) : .damaged
    }

    func write(_ pin: PinnedKey, of agent: AgentHash) throws(SQLiteError) {
        insertion.bind(copying: agent.bytes, at: 1)
        insertion.bind(copying: pin.publicKey, at: 2)
        if let org = pin.org { insertion.bind(copying: org, at: 3) } else { insertion.bindNull(at: 3) }
        insertion.bind(Self.checksum(pin, of: agent), at: 4)
        try insertion.run()
    }

    func remove(_ agent: AgentHash) throws(SQLiteError) {
        deletion.bind(copying: agent.bytes, at: 1)
        try deletion.run()
    }

    func anonymousCount() throws(SQLiteError) -> Int {
        Int(try connection.integer("SELECT count(*) FROM pins WHERE org IS NULL") ?? 0)
    }

    private static func checksum(_ pin: PinnedKey, of agent: AgentHash) -> Int64 {
        var bytes = agent.bytes + pin.publicKey
        // Tells no organisation from an empty name.
        if let org = pin.org { bytes += [1] + Array(org.utf8) }
        return bytes.withUnsafeBytes { Int64(Checksum.crc32($0)) }
    }
}
