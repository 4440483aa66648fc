import Foundation
import Testing

@testable import moltrelay

@Suite struct CgroupLimitTests {
    private func limits(_ files: [String: String]) -> CgroupLimits { CgroupLimits { files[$0] } }

    @Test func theLeastLimitOnTheWayToTheRootCounts() {
        let limits = limits([
            "/proc/self/cgroup": "0::/system.slice/moltrelay.service\n",
            "/sys/fs/cgroup/system.slice/moltrelay.service/cpu.max": "max 100000\n",
            "/sys/fs/cgroup/system.slice/moltrelay.service/memory.max": "8589934592\n",
            "/sys/fs/cgroup/system.slice/cpu.max": "150000 100000\n",
            "/sys/fs/cgroup/system.slice/memory.max": "1073741824\n",
        ])
        #expect(limits.cpus == 1.5)
        #expect(limits.memoryBytes == 1 << 30)
    }

    @Test func inAContainerTheRootIsTheOwnGroup() {
        let limits = limits([
            "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "400000 100000\n",
            "/sys/fs/cgroup/memory.max": "max\n",
        ])
        #expect(limits.cpus == 4)
        #expect(limits.memoryBytes == nil)
    }

    /// Docker with cgroup v1: the path is the host's, the mount shows the container's own folder as the root.
    @Test func versionOneCountsToo() {
        let limits = limits([
            "/proc/self/cgroup": "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n",
        ])
        #expect(limits.cpus == 0.5)
        #expect(limits.memoryBytes == 512 << 20)
    }

    @Test(arguments: ["-1\n", "0\n", "x\n", ""])
    func versionOneWithoutALimit(quota: String) {
        let limits = limits([
            "/proc/self/cgroup": "5:memory:/\n4:cpu:/\n", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": quota,
            "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        ])
        #expect(limits.cpus == nil)
        #expect(limits.memoryBytes == nil)
    }

    @Test(arguments: ["", "garbage", "0::\n", "0::/../..\n", ":::\n"])
    func aMembershipNobodyUnderstandsIsNoLimit(membership: String) {
        let limits = limits(["/proc/self/cgroup": membership])
        #expect(limits.cpus == nil)
        #expect(limits.memoryBytes == nil)
    }

    @Test(arguments: [(nil, 8, 8), (1.5, 8, 2), (0.1, 8, 1), (16.0, 4, 4), (nil, 0, 1)] as [(Double?, Int, Int)])
    func eventLoopsFollowTheCPUs(cpus: Double?, available: Int, expected: Int) {
        var limits = CgroupLimits { _ in nil }
        limits.cpus = cpus
        #expect(limits.eventLoops(availableCPUs: available) == expected)
    }

    @Test(
        arguments: [
            ("1", nil, 1), ("f", nil, 4), ("00000000,00000103", nil, 3), ("f", "150000 100000\n", 1.5), ("", nil, nil),
        ] as [(String, String?, Double?)]
    )
    func onlyTheCPUsThisProcessMayRunOnCount(mask: String, quota: String?, expected: Double?) {
        var files = ["/proc/self/status": "Name:\tx\nCpus_allowed:\t\(mask)\nCpus_allowed_list:\t0-63\n"]
        files["/proc/self/cgroup"] = "0::/\n"
        files["/sys/fs/cgroup/cpu.max"] = quota
        #expect(limits(files).cpus == expected)
    }

    @Test func theMemoryCeilingIsTheConfiguredOneOrStaysBelowTheGroups() {
        var limits = CgroupLimits { _ in nil }
        #expect(limits.memoryCeiling(configured: 0) == nil)
        limits.memoryBytes = 1000
        #expect(limits.memoryCeiling(configured: 0) == 900)
        #expect(limits.memoryCeiling(configured: 5) == 5)
    }
}

@Suite(.serialized) struct OpenFileLimitTests {
    @Test func itIsRaisedToTheHardLimit() throws {
        let raised = try #require(OpenFileLimit.raised())
        #expect(raised.soft == raised.hard)
        #expect(OpenFileLimit.current() == raised)
    }

    @Test func aLimitWithoutRoomIsWarnedOf() {
        let limit = OpenFileLimit(soft: 1024, hard: 1024)
        #expect(limit.warning(maxConnections: 896) == nil)
        #expect(limit.warning(maxConnections: 897)?.hasPrefix("open files are limited to 1024: about 896") == true)
        #expect(OpenFileLimit(soft: 10, hard: 10).warning(maxConnections: 6)?.contains("about 5") == true)
        #expect(OpenFileLimit(soft: .max, hard: .max).warning(maxConnections: .max) == nil)
    }
}

@Suite struct FolderTests {
    @Test func theFoldersOfTheDefaultsAreCreatedForTheirUserOnly() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: root) }
        let environment = ["XDG_STATE_HOME": "\(root)/state", "XDG_RUNTIME_DIR": "\(root)/run"]
        let configuration = loadWithoutFile(environment: environment).configuration
        try configuration.createFolders()
        try configuration.createFolders()
        for folder in ["\(root)/state/moltrelay", "\(root)/run/moltrelay"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder)
            #expect(attributes[.posixPermissions] as? Int == 0o700)
        }
    }

    @Test func theFolderOfANamedDatabaseIsNot() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: root) }
        let configuration = loadWithoutFile(environment: [
            "STATE_DIRECTORY": "\(root)/state", "MOLTRELAY_ADMIN_SOCKET": "\(root)/run/admin.sock",
            "MOLTRELAY_STORAGE_SQLITE_PATH": "\(root)/volume/relay.db",
        ]).configuration
        try configuration.createFolders()
        #expect(try FileManager.default.contentsOfDirectory(atPath: root) == ["run"])
    }
}
