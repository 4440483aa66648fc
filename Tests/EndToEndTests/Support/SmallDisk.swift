import FoundationEssentials
import Glibc
import Testing

/// A tmpfs that servers of any user can use, gone with the last reference to it. Mounting needs root.
final class SmallDisk: Sendable {
    let path: String
    private var ballast: String { path + "/ballast" }

    static var isPossible: Bool { getuid() == 0 }

    /// - Parameter owner: a user of the system.
    init(megabytes: Int, owner: String = "root") async throws {
        var template = Array("/tmp/moltrelay-disk-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ChildProcess.CannotStart(description: "mkdtemp") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        let script = "mount -t tmpfs -o size=\(megabytes)m,mode=700 tmpfs \(path); chown \(owner) \(path)"
        let mounted = try await Programs.shell(script)
        try #require(mounted.ending == .exit(0), "\(mounted.text)")
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        try? FileManager.default.removeItem(atPath: path)
    }

    /// To the last byte.
    func fill() async throws {
        let filled = try await Programs.shell("cat /dev/zero > \(ballast) 2> /dev/null || true")
        #expect(filled.ending == .exit(0), "\(filled.text)")
    }

    func makeRoom() async throws { #expect(try await Programs.run("rm", [ballast]).ending == .exit(0)) }
}
