import FoundationEssentials
import Glibc
import RelayCore
import Synchronization
import WireProtocol

/// Agents that may not connect, in a file of the state folder: it holds while the store does not answer, over restarts,
/// and for this relay alone.
final class BlockList: Sendable {
    struct Entry: Codable, Equatable {
        var since: UnixMilliseconds
        var reason: String?
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static let maxAgents = 65_536
    static let fileName = "blocked.json"

    /// nil where there is no folder for it.
    private let path: String?
    private let entries: Mutex<[AgentHash: Entry]>

    /// A file that is there and cannot be read is an error: an agent that was kept out must not come in by that.
    init(folder: String?) throws(Failure) {
        path = folder.map { $0.hasSuffix("/") ? $0 + Self.fileName : "\($0)/\(Self.fileName)" }
        entries = Mutex(try path.map { path throws(Failure) in try Self.read(path) } ?? [:])
    }

    func entry(of agent: AgentHash) -> Entry? { entries.withLock { $0[agent] } }

    var isEmpty: Bool { entries.withLock { $0.isEmpty } }

    /// Durable on return.
    func block(_ agent: AgentHash, _ entry: Entry) throws(Failure) {
        try change { entries throws(Failure) in
            guard entries[agent] != nil || entries.count < Self.maxAgents else {
                throw Failure(description: "\(Self.maxAgents) agents are blocked already")
            }
            entries[agent] = entry
        }
    }

    /// - Returns: false where it was not blocked.
    func unblock(_ agent: AgentHash) throws(Failure) -> Bool {
        guard entry(of: agent) != nil else { return false }
        try change { $0[agent] = nil }
        return true
    }

    private func change(_ body: (inout [AgentHash: Entry]) throws(Failure) -> Void) throws(Failure) {
        guard let path else { throw Failure(description: "there is no state folder to keep it in: --state-directory") }
        let result = entries.withLock { entries in
            Result { () throws(Failure) in
                var next = entries
                try body(&next)
                try Self.write(next, to: path)
                entries = next
            }
        }
        try result.get()
    }

    private static func read(_ path: String) throws(Failure) -> [AgentHash: Entry] {
        guard access(path, F_OK) == 0 else { return [:] }
        do {
            let named = try JSONDecoder().decode([String: Entry].self, from: Data(contentsOf: URL(filePath: path)))
            var entries: [AgentHash: Entry] = [:]
            for (name, entry) in named {
                guard let agent = AgentHash(name) else { throw Failure(description: "\(name) is no agent's hash") }
                entries[agent] = entry
            }
            return entries
        } catch {
            throw Failure(description: "the list of blocked agents \(path) cannot be read: \(error)")
        }
    }

    /// In its place at once, or not at all.
    private static func write(_ entries: [AgentHash: Entry], to path: String) throws(Failure) {
        let named = Dictionary(uniqueKeysWithValues: entries.map { ($0.key.description, $0.value) })
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try put(Array(encoder.encode(named)), path + ".new")
            guard rename(path + ".new", path) == 0 else { throw Failure(description: String(cString: strerror(errno))) }
        } catch {
            throw Failure(description: "the list of blocked agents \(path) cannot be written: \(error)")
        }
    }

    private static func put(_ bytes: [UInt8], _ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(description: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw Failure(description: String(cString: strerror(errno)))
        }
    }
}
