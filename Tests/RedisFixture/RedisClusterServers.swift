import Glibc
import ProgramFixture
import Synchronization

/// Six real nodes of a Redis Cluster on loopback: three primaries, and a replica of each.
public final class RedisClusterServers: Sendable {
    /// The first three begin as primaries; node `i + 3` as the replica of `i`.
    public let nodes: [RedisServer]

    /// The slots of each of the primaries at first, as redis-cli deals them out.
    public static let slots = [0...5460, 5461...10_922, 10_923...16_383]

    /// One for all who break nothing in it. They have prefixes of their own for their keys.
    public static let shared = Task {
        let servers = try await start()
        endedAtExit.withLock { $0 = servers }
        atexit { RedisClusterServers.endShared() }
        return servers
    }

    private static let endedAtExit = Mutex<RedisClusterServers?>(nil)

    private static func endShared() {
        guard let servers = endedAtExit.withLock({ $0 }) else { return }
        for node in servers.nodes { node.abandon() }
    }

    /// Returns when every node knows all others and each replica has a copy.
    public static func start(_ arguments: [String] = [], nodeTimeout: Int = 1_000) async throws -> RedisClusterServers {
        let servers = try RedisClusterServers(arguments, nodeTimeout)
        try await servers.join()
        return servers
    }

    private init(_ arguments: [String], _ nodeTimeout: Int) throws {
        nodes = try (0..<6).map { _ in
            try RedisServer(
                ["--cluster-enabled", "yes", "--cluster-node-timeout", "\(nodeTimeout)"]
                    + ["--cluster-port", "\(FreePort.tcp())", "--cluster-require-full-coverage", "no"]
                    + ["--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0"] + arguments
            )
        }
    }

    public var ports: [Int] { nodes.map(\.port) }

    /// The node that has a slot at first.
    public static func primary(of slot: Int) -> Int { slots.firstIndex { $0.contains(slot) } ?? 0 }

    /// The slot is on its way from then on, its keys in both.
    public func beginMove(of slot: Int, from source: Int, to target: Int, keys: Int) throws {
        let (source, target) = (nodes[source], nodes[target])
        try target.cli("CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", source.id())
        try source.cli("CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", target.id())
        try source.moveKeys(of: slot, to: target, keys)
    }

    public func finishMove(of slot: Int, from source: Int, to target: Int) throws {
        try nodes[source].moveKeys(of: slot, to: nodes[target], 10_000)
        let id = try nodes[target].id()
        for node in [target, source] { try nodes[node].cli("CLUSTER", "SETSLOT", "\(slot)", "NODE", id) }
    }

    private func join() async throws {
        for (index, range) in Self.slots.enumerated() {
            try nodes[index].cli("CLUSTER", "ADDSLOTSRANGE", "\(range.lowerBound)", "\(range.upperBound)")
            try nodes[index].cli("CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)")
        }
        for node in nodes.dropFirst() {
            let bus = try node.cli("CONFIG", "GET", "cluster-port").split(separator: "\n")[1]
            try nodes[0].cli("CLUSTER", "MEET", "127.0.0.1", "\(node.port)", "\(bus)")
        }
        for (index, replica) in nodes.dropFirst(3).enumerated() {
            let primary = try nodes[index].id()
            try await until { try replica.cli("CLUSTER", "REPLICATE", primary) == "OK" }
        }
        for node in nodes {
            try await until { try node.info("cluster_known_nodes") == "6" && node.info("cluster_state") == "ok" }
        }
        for replica in nodes.dropFirst(3) {
            try await until { try replica.cli("INFO", "replication").contains("master_link_status:up") }
        }
        // Also those that nobody asks at first know who follows whom.
        for node in nodes {
            try await until {
                try node.cli("CLUSTER", "NODES").split(separator: " ").count { $0.hasSuffix("slave") } == 3
            }
        }
    }

    /// A primary holds up the next look for 50 ms, which is what WAIT does where there are too few replicas.
    private func until(_ isMet: () throws -> Bool) async throws {
        while try !isMet() {
            try nodes[0].cli("WAIT", "9", "50")
            await Task.yield()
        }
    }
}

extension RedisServer {
    /// In the cluster.
    public func id() throws -> String { try cli("CLUSTER", "MYID") }

    fileprivate func moveKeys(of slot: Int, to target: RedisServer, _ most: Int) throws {
        let listed = try cli("--no-raw", "CLUSTER", "GETKEYSINSLOT", "\(slot)", "\(most)")
        let keys = listed.split(separator: "\n").compactMap { line in
            line.firstIndex(of: "\"").map { String(line[$0...]) }
        }
        guard !keys.isEmpty else { return }
        let said = try cli(input: "MIGRATE 127.0.0.1 \(target.port) \"\" 0 5000 KEYS \(keys.joined(separator: " "))\n")
        guard said == "OK" else { throw NotMoved(said: said) }
    }

    struct NotMoved: Error { let said: String }

    func info(_ field: String) throws -> String? {
        let lines = try cli("CLUSTER", "INFO").split(whereSeparator: \.isNewline)
        return lines.first { $0.hasPrefix(field + ":") }.map { String($0.dropFirst(field.count + 1)) }
    }
}
