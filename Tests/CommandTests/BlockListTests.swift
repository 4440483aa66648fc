import Foundation
import Identity
import Testing
import WireProtocol

@testable import moltrelay

@Suite final class BlockListTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "block-\(UUID().uuidString)").path
    private let (bob, carol) = (AgentHash(agentID: "bob"), AgentHash(agentID: "carol"))
    private let entry = BlockList.Entry(since: 1_795_683_142_796, reason: "floods")

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private var file: String { folder + "/blocked.json" }

    @Test func `who is blocked stays so over a restart, and nobody else`() throws {
        let list = try BlockList(folder: folder)
        #expect(list.isEmpty && list.entry(of: bob) == nil)
        try list.block(bob, entry)
        try list.block(carol, BlockList.Entry(since: 7, reason: nil))
        #expect(!list.isEmpty && list.entry(of: bob) == entry)
        let again = try BlockList(folder: folder + "/")
        #expect(again.entry(of: bob) == entry)
        #expect(again.entry(of: carol) == BlockList.Entry(since: 7, reason: nil))
        #expect(again.entry(of: AgentHash(agentID: "dora")) == nil)
        #expect(try again.unblock(bob))
        #expect(try !again.unblock(bob))
        #expect(again.entry(of: bob) == nil && again.entry(of: carol) != nil)
        #expect(try BlockList(folder: folder).entry(of: bob) == nil)
    }

    @Test func `a second block takes the place of the first`() throws {
        let list = try BlockList(folder: folder)
        try list.block(bob, entry)
        try list.block(bob, BlockList.Entry(since: 9, reason: nil))
        #expect(try BlockList(folder: folder).entry(of: bob) == BlockList.Entry(since: 9, reason: nil))
    }

    @Test func `the file is its owner's, and whole`() throws {
        try BlockList(folder: folder).block(bob, entry)
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["blocked.json"])
        #expect(try contents(file).contains("\"\(bob.description)\""))
    }

    @Test(arguments: ["{", "[]", #"{"bob":{"since":1}}"#, #"{"sha256:12":{"since":1}}"#, ""])
    func `a list that cannot be read is an error, not an empty one`(text: String) throws {
        try save(text, file)
        let failure = #expect(throws: BlockList.Failure.self) { try BlockList(folder: folder) }
        #expect(failure?.description.hasPrefix("the list of blocked agents \(file) cannot be read: ") == true)
    }

    @Test func `what cannot be written blocks nobody and lets nobody in`() throws {
        let list = try BlockList(folder: folder)
        try list.block(bob, entry)
        // In the way of the new file, for root too.
        try FileManager.default.createDirectory(atPath: file + ".new", withIntermediateDirectories: false)
        #expect(throws: BlockList.Failure.self) { try list.block(carol, entry) }
        #expect(throws: BlockList.Failure.self) { try list.unblock(bob) }
        #expect(list.entry(of: carol) == nil && list.entry(of: bob) == entry)
        let without = try BlockList(folder: nil)
        let failure = #expect(throws: BlockList.Failure.self) { try without.block(bob, entry) }
        #expect(failure?.description.contains("--state-directory") == true && without.isEmpty)
    }

    @Test func `at its bound it takes nobody new, and those that it has`() throws {
        let named = (0..<BlockList.maxAgents).map { ("\(AgentHash(agentID: "agent-\($0)"))", entry) }
        try JSONEncoder().encode(Dictionary(uniqueKeysWithValues: named)).write(to: URL(filePath: file))
        let list = try BlockList(folder: folder)
        let failure = #expect(throws: BlockList.Failure.self) { try list.block(bob, entry) }
        #expect(failure?.description == "65536 agents are blocked already")
        try list.block(AgentHash(agentID: "agent-0"), BlockList.Entry(since: 9, reason: nil))
        #expect(try list.unblock(AgentHash(agentID: "agent-1")))
        try list.block(bob, entry)
        #expect(list.entry(of: bob) == entry)
    }
}
