import CSQLite
import Foundation
import RelayCore
import StoreFixtures
import Testing

@testable import RelayStores

@Suite(.serialized) struct OpeningTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("state/relay.db")
    }

    private func open() throws -> SQLiteStore { try SQLiteStore(path: path, limits: QueueLimits()) }

    private func makeStore(with messages: Int = 0) async throws {
        let store = try open()
        _ = try await store.commit((0..<UInt64(messages)).map { .put(Sample.message($0, to: UInt32($0))) })
        await store.close()
    }

    private func refusal() throws -> SQLiteOpenError.Problem {
        let error = try #require(throws: SQLiteOpenError.self) { _ = try open() }
        #expect(error.description.contains(path))
        return error.problem
    }

    @Test func createsFolderAndFileForTheOwnerOnly() async throws {
        try await makeStore()
        #expect(try permissions(folder.file("state")) == 0o700)
        #expect(try permissions(path) == 0o600)
        #expect(!FileManager.default.fileExists(atPath: path + ".new"))
    }

    @Test func theLogIsForTheOwnerOnlyToo() async throws {
        let store = try open()
        _ = try await store.put(Sample.message(1))
        #expect(try permissions(path + "-wal") == 0o600)
        await store.close()
    }

    @Test func everyConnectionSyncsEachCommit() async throws {
        try await makeStore()
        let connection = try SQLiteConnection(reopening: path, vfs: nil)
        #expect(try connection.integer("PRAGMA synchronous") == 2)
        #expect(try connection.text("PRAGMA journal_mode") == "wal")
        #expect(try connection.integer("PRAGMA mmap_size") == 0)
    }

    @Test func refusesASyncThatIsNotFull() async throws {
        try await makeStore()
        let connection = try SQLiteConnection(reopening: path, vfs: nil)
        try connection.execute("PRAGMA synchronous=NORMAL")
        #expect(throws: SQLiteError.self) { try connection.requireDurability() }
    }

    @Test func refusesAnEmptyFile() throws {
        try FileManager.default.createDirectory(atPath: folder.file("state"), withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: path))
        #expect(try refusal() == .empty)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).isEmpty)
    }

    @Test func refusesWhatIsNoDatabase() throws {
        try FileManager.default.createDirectory(atPath: folder.file("state"), withIntermediateDirectories: true)
        let text = Data(repeating: UInt8(ascii: "x"), count: 8192)
        try text.write(to: URL(fileURLWithPath: path))
        guard case .damaged = try refusal() else {
            Issue.record("the problem is not damage")
            return
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == text)
    }

    @Test func refusesADamagedPage() async throws {
        try await makeStore(with: 200)
        try overwrite(at: 4096 * 12, with: Data(repeating: 0xEE, count: 4096))
        guard case .damaged = try refusal() else {
            Issue.record("the problem is not damage")
            return
        }
    }

    @Test func refusesATruncatedFile() async throws {
        try await makeStore(with: 200)
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.truncate(atOffset: 4096 * 12)
        try file.close()
        guard case .damaged = try refusal() else {
            Issue.record("the problem is not damage")
            return
        }
    }

    @Test func refusesANewerSchema() async throws {
        try await makeStore()
        try SQLiteConnection(path: path).execute("PRAGMA user_version=99")
        #expect(try refusal() == .newerSchema(found: 99, known: Schema.version))
    }

    @Test func refusesAnotherApplicationsFile() throws {
        try FileManager.default.createDirectory(atPath: folder.file("state"), withIntermediateDirectories: true)
        try SQLiteConnection(path: path).execute("CREATE TABLE things(a); PRAGMA application_id=7")
        #expect(try refusal() == .foreign(applicationID: 7))
        #expect(try SQLiteConnection(path: path).text("PRAGMA journal_mode") == "delete")
    }

    @Test func refusesALogWithoutItsDatabase() async throws {
        let store = try open()
        _ = try await store.put(Sample.message(1))
        try FileManager.default.copyItem(atPath: path + "-wal", toPath: folder.file("wal"))
        await store.close()
        try FileManager.default.removeItem(atPath: path)
        // Empty, where writer and reader let go of it in the same moment.
        try? FileManager.default.removeItem(atPath: path + "-wal")
        try FileManager.default.moveItem(atPath: folder.file("wal"), toPath: path + "-wal")
        #expect(try refusal() == .orphanedLog)
    }

    @Test func refusesAFileThatAnotherProcessOwns() async throws {
        let probe = try Probe([path])
        probe.readAcknowledgements(1)
        #expect(try refusal() == .locked(byProcess: String(probe.processID)))
        probe.killAndReadTheRest()
        await (try open()).close()
    }

    @Test func refusesASecondStoreInThisProcess() async throws {
        let store = try open()
        #expect(try refusal() == .locked(byProcess: String(getpid())))
        await store.close()
        await (try open()).close()
    }

    @Test func twoNamesOfOneFileAreOneFile() async throws {
        try await makeStore(with: 1)
        let alias = folder.file("alias.db")
        try FileManager.default.createSymbolicLink(atPath: alias, withDestinationPath: path)
        let store = try open()
        let error = #expect(throws: SQLiteOpenError.self) { _ = try SQLiteStore(path: alias, limits: QueueLimits()) }
        #expect(error?.problem == .locked(byProcess: String(getpid())))
        await store.close()
        let aliased = try SQLiteStore(path: alias, limits: QueueLimits())
        #expect(aliased.totals.recovered == 1)
        await aliased.close()
    }

    @Test func aStoreThatWasDroppedLetsGoOfItsFile() async throws {
        var store: SQLiteStore? = try open()
        _ = try await store?.put(Sample.message(1))
        let threads = try #require(store).threads
        store = nil
        await withCheckedContinuation { continuation in
            threads.whenAllEnded { continuation.resume() }
        }
        await (try open()).close()
    }

    @Test func migratesAllMissingStepsOrNone() async throws {
        try await makeStore()
        let connection = try SQLiteConnection(path: path)
        let steps = ["CREATE TABLE two(a);", "CREATE TABLE three(a);"].map(Schema.Step.statements)
        try Schema.migrate(connection, from: 2, steps: steps)
        #expect(try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name IN ('two', 'three')") == 1)
        #expect(try connection.integer("PRAGMA user_version") == 3)
        #expect(throws: SQLiteError.self) {
            let steps = ["CREATE TABLE four(a);", "CREATE TABLE three(a);"].map(Schema.Step.statements)
            try Schema.migrate(connection, from: 1, steps: steps)
        }
        #expect(try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'four'") == 0)
        #expect(try connection.integer("PRAGMA user_version") == 3)
    }

    private func permissions(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    private func overwrite(at offset: UInt64, with data: Data) throws {
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seek(toOffset: offset)
        try file.write(contentsOf: data)
        try file.close()
    }
}
